"""What the rules should come to, told once more and independently: dicts, sets and one method per command."""

import pickle
from types import SimpleNamespace

from evcharge.central.rules.manual_start import MOST_PIN_MISSES
from evcharge.central.rules.replies import DriverAsked, PinLimit, RecordsMissing, RecordsTaken, RequestStep
from evcharge.domain import journal_records
from evcharge.domain.charging_point import ENGINE_FAULT, Hold

MAX_HOLD, MAX_MWH, WELCOME, MOST_JOURNALS = 2_000, 100_000_000, 150, 1


class Model:
    """`apply` returns what the one who asked must hear."""

    def __init__(self):
        self.cps, self.drivers, self.sessions, self.journals, self.now = {}, {}, {}, {}, 0
        self.requests, self.tickets, self.seen, self.topped_up, self.uses = {}, {}, set(), 0, 0
        self.bad_weather, self.overridden, self.measured = {}, set(), set()
        # What those left who had a driver's id before, by id and registration.
        self.left = {}
        # What operators have corrected, by ticket; what they paid in or out, and what of tickets was paid since.
        self.fixed, self.put_in, self.revenue = {}, 0, 0

    def draft(self):
        # Several times as quick as deepcopy, once for each batch.
        return pickle.loads(pickle.dumps(self, pickle.HIGHEST_PROTOCOL))

    def shown(self, cp):
        if cp.revoked or not cp.heard:
            return "Unavailable" if cp.revoked else "Disconnected"
        if cp.fault is not None or cp.engine is None:
            return "Faulted"
        if cp.holds:
            return "Unavailable"
        session = self.sessions.get(cp.session)
        if session is None:
            return "Finishing" if cp.car else "Available"
        return {"A": "Preparing", "C": "Charging"}[session.state]

    def apply(self, command):
        answer = getattr(self, "_" + type(command).__name__)(command)
        for cp_id, cp in self.cps.items():
            if cp.question and self._refusal(cp.question.driver, cp_id):
                self._unask(cp)
        return answer

    def _arrives(self, a, role):
        cp = self.cps.setdefault(a.cp_id, SimpleNamespace(
            heard=False, monitor=None, engine=None, fault=None, holds=set(), revoked=False, epoch=a.epoch, issued=0,
            session=None, withdrawn=False, number=a.registration, car=False, car_of=None, journal=None, used=0,
            parting=None, price=2_500, at=a.location.name or None, registered=a.location.name, told=None,
            by_operator=False, question=None, journal_end=0))  # fmt: skip
        if a.epoch < cp.epoch:
            return "E_REVOKED"
        if (getattr(cp, role) or 0) > a.link:
            return "E_DUPLICATE"
        if a.registration > cp.number:
            if not cp.withdrawn:
                self._point_leaves(cp, a.epoch)
            cp.withdrawn, cp.number, cp.engine, cp.parting = False, a.registration, None, None
            cp.registered, cp.at = a.location.name, a.location.name or cp.at
            cp.told, cp.by_operator = None, False
            self._obeys(cp)
            cp.epoch, cp.issued, cp.revoked = a.epoch, a.epoch, False
            return cp
        if cp.withdrawn or a.registration < cp.number:
            return "E_REVOKED"
        is_new = a.epoch > cp.epoch or cp.revoked
        if is_new:
            if role == "engine":
                self._without_monitor(cp)
            else:
                cp.engine = cp.parting = None
        if is_new and a.location.name and cp.registered != a.location.name:
            cp.registered = a.location.name
            self._goes_to(cp, a.location.name)
        cp.epoch = cp.issued = a.epoch
        cp.revoked, cp.parting = False, None
        return cp

    def _here(self, cp_id):
        cp = self.cps.get(cp_id)
        return cp if cp is not None and not cp.withdrawn else None

    def _all_here(self):
        return [cp for cp in self.cps.values() if not cp.withdrawn]

    def _leaves(self, holder, epoch):
        holder.withdrawn = holder.revoked = holder.blocked = True
        holder.epoch = max(epoch, holder.epoch)
        holder.pin, holder.misses = None, 0
        self._stop(holder.session, "key revoked")

    def _point_leaves(self, cp, epoch):
        self._parts(cp)
        self._leaves(cp, epoch)
        cp.heard = cp.car = False
        cp.monitor = cp.fault = cp.car_of = None
        cp.engine = cp.parting

    def _parts(self, cp):
        """The engine of a running session may say how that ended, over the link that it had."""
        if cp.session and not cp.revoked:
            cp.parting = cp.engine

    def _Withdraw(self, a):
        cp, driver = self._here(a.subject), self.drivers.get(a.subject)
        if cp is not None and cp.number <= a.registration:
            self._point_leaves(cp, a.epoch)
        if driver is not None and not driver.withdrawn and driver.number <= a.registration:
            self._leaves(driver, a.epoch)
            driver.link = None

    def _over(self, holder, present, a):
        """What comes over another link, or with what counts no longer, is not heard."""
        if a.epoch < (holder.epoch if holder else 0):
            return "E_REVOKED"
        return None if a.link == present else "E_DUPLICATE"

    def _of_engine(self, a):
        cp = self.cps[a.cp_id]
        return None if cp.parting is not None and a.link == cp.parting else self._over(cp, cp.engine, a)

    def _of_driver(self, a):
        driver = self.drivers.get(a.driver_id)
        return self._over(driver, driver and driver.link, a) if a.link is not None else None

    def _without_monitor(self, cp):
        if cp.monitor is not None:
            cp.monitor, cp.heard = None, False
            if cp.session and self.sessions[cp.session].state == "A":
                self._stop(cp.session, "monitor lost")

    def _goes_to(self, cp, where, *, by_operator=False):
        if cp.at != where:
            cp.at, cp.by_operator = where, by_operator
            self._obeys(cp)

    def _says_where_it_is(self, cp, where):
        """What was said before is no news, and an operator knew better than who had said nothing."""
        if where and where != cp.told:
            if cp.told or not cp.by_operator:
                self._goes_to(cp, where)
            cp.told = where

    def _obeys(self, cp):
        """Bad weather is a hold exactly where it is bad and nobody has said otherwise."""
        where = str(cp.at).upper()
        bad = bool(self.bad_weather.get(where)) and where not in self.overridden
        held = "weather" in cp.holds
        cp.holds = (cp.holds | {Hold.WEATHER}) if bad else (cp.holds - {Hold.WEATHER})
        if bad and not held:
            self._stop(cp.session, "weather")

    def _sky_changes(self, where):
        for cp in self._all_here():
            if str(cp.at).upper() == where:
                self._obeys(cp)

    def _WeatherAlert(self, a):
        where = a.location.name.upper()
        if where not in self.measured and all(str(cp.at).upper() != where for cp in self._all_here()):
            return "E_NOT_FOUND"
        self.measured.add(where)
        if a.alert not in self.bad_weather.setdefault(where, set()):
            self.bad_weather[where].add(a.alert)
            self.overridden.discard(where)
            self._sky_changes(where)
        return None

    def _WeatherClear(self, a):
        where = a.location.name.upper()
        if self.bad_weather.pop(where, None):
            self.overridden.discard(where)
            self._sky_changes(where)

    def _WeatherOverride(self, a):
        where = a.location.name.upper()
        if a.override and not self.bad_weather.get(where):
            return "E_CONFLICT"
        if a.override != (where in self.overridden):
            self.overridden ^= {where}
            self._sky_changes(where)
        return None

    def _WeatherReport(self, a):
        self.measured.add(a.location.name.upper())

    def _SetPrice(self, a):
        if self._here(a.cp_id) is None:
            return "E_UNKNOWN_CP"
        self.cps[a.cp_id].price = a.price_centi_cents_per_kwh
        return None

    def _MovePoint(self, a):
        if self._here(a.cp_id) is None:
            return "E_UNKNOWN_CP"
        self._goes_to(self.cps[a.cp_id], a.location.name, by_operator=True)
        return None

    def _RegistryFollows(self, a):
        if (cp := self._here(a.cp_id)) is not None:
            cp.registered = a.location.name

    def _BarDriver(self, a):
        if (driver := self.drivers.get(a.driver_id)) is None or driver.withdrawn:
            return "E_NOT_FOUND"
        if a.barred and not driver.barred:
            self._stop(driver.session, "operator")
        driver.barred = a.barred
        return None

    def _EngineArrives(self, a):
        if isinstance(cp := self._arrives(a, "engine"), str):
            return cp
        if cp.journal not in (None, a.journal_id):
            cp.holds.add(Hold.JOURNAL)
            if cp.session and self.sessions[cp.session].state == "C":
                self._close(cp.session, "T", estimated=True)
            self._stop(cp.session, "charging point lost")
        self._says_where_it_is(cp, a.said_location.name)
        cp.engine, cp.journal, cp.journal_end = a.link, a.journal_id, a.last_seq
        return None

    def _MonitorArrives(self, a):
        if isinstance(cp := self._arrives(a, "monitor"), str):
            return cp
        cp.monitor, cp.heard = a.link, False
        return None

    def _EngineLeaves(self, a):
        if (cp := self.cps.get(a.cp_id)) and cp.engine == a.link:
            cp.engine = cp.parting = None

    def _MonitorLeaves(self, a):
        if (cp := self.cps.get(a.cp_id)) and cp.monitor == a.link:
            self._without_monitor(cp)

    def _MonitorReports(self, a):
        cp = self.cps[a.cp_id]
        if stale := self._over(cp, cp.monitor, a):
            return stale
        fault = a.fault
        if fault is None and cp.heard and cp.fault == ENGINE_FAULT:
            fault = ENGINE_FAULT  # it may not have asked yet
        broke, cp.heard, cp.fault = fault is not None and cp.fault is None, True, fault
        cp.car, cp.car_of = a.occupied, cp.car_of if a.occupied else None
        if broke:
            self._stop(cp.session, "fault")
        return None

    def _FaultUnconfirmed(self, a):
        if (cp := self.cps.get(a.cp_id)) and cp.fault == ENGINE_FAULT:
            cp.fault = None

    def _new_driver(self, a):
        self.drivers[a.driver_id] = SimpleNamespace(
            balance=WELCOME, blocked=False, barred=False, epoch=a.epoch, issued=0, session=None, withdrawn=False,
            number=a.registration, link=None, lapses=0, free_at=0, asked=None, pin=None, misses=0,
        )  # fmt: skip
        self.topped_up += WELCOME

    def _DriverArrives(self, a):
        driver = self.drivers.get(a.driver_id)
        if driver is None:
            self._new_driver(a)
        elif a.registration > driver.number:
            if driver.session:
                return "E_BUSY"
            if driver.asked:
                self._unask(self.cps[driver.asked])
            self.left[a.driver_id, driver.number] = driver.balance
            self._new_driver(a)
        elif driver.withdrawn or a.registration < driver.number or a.epoch < driver.epoch:
            return "E_REVOKED"
        elif (driver.link or 0) > a.link:
            return "E_DUPLICATE"
        driver = self.drivers[a.driver_id]
        if a.epoch > driver.epoch:
            driver.pin, driver.misses = None, 0
        driver.epoch = driver.issued = a.epoch
        driver.blocked, driver.link = False, a.link
        return None

    def _DriverLeaves(self, a):
        if (driver := self.drivers.get(a.driver_id)) and driver.link == a.link:
            driver.link = None

    def _ReportReady(self, a):
        if stale := self._of_engine(a):
            return stale
        session = self.sessions.get(a.session_id)
        if not (session and session.cp == a.cp_id and session.state in "AC"):
            return "E_ID"
        if session.state == "A" and session.stop is None:
            session.ready = True
        return None

    def _StartCharging(self, a):
        if stale := self._of_engine(a) if a.by_hand else self._of_driver(a):
            return stale
        if a.request_id in self.requests:
            return self._again(a)
        if a.by_hand is not None:
            return self._start_by_hand(a, a.by_hand)
        return self._refusal(a.driver_id, a.cp_id, a.shown_price) or self._grant(a, a.cp_id)

    def _again(self, a):
        if not self._is_mine(a):
            return "E_ID"
        session = self.sessions[self.requests[a.request_id]]
        if session.state in "AC":
            asked = "READY" if session.ready else "ASKING"
            return "STOPPING" if session.stop else {"A": asked, "C": "CHARGING"}[session.state]
        return {"T": None, "R": "E_CP_NOT_AVAILABLE"}[session.state]

    def _is_mine(self, a):
        session, asker = self.sessions.get(self.requests.get(a.request_id)), self.drivers.get(a.driver_id)
        return session and (session.driver, session.number) == (a.driver_id, asker.number if asker else 0)

    def _free(self):
        return [one for one, cp in self.cps.items() if self.shown(cp) == "Available" and self.told_all(one)]

    def _refusal(self, driver_id, cp_id, shown_price=None):
        driver = self.drivers.get(driver_id)
        if driver is None or driver.blocked or driver.barred:
            return "E_DRIVER_BLOCKED"
        if driver.session:
            return "E_DRIVER_BUSY"
        if self.now < driver.free_at:
            return "E_PAUSE"
        if cp_id is None and not self._free():
            return "E_NONE_AVAILABLE"
        if (cp := self._here(cp_id or self._free()[0])) is None:
            return "E_UNKNOWN_CP"
        shown = self.shown(cp)
        if cp_id and shown in ("Available", "Finishing") and not self.told_all(cp_id):
            return "E_CP_BUSY"
        if shown == "Finishing" and cp.car_of not in (None, driver_id):
            return "E_CP_OCCUPIED"
        if shown not in ("Available", "Finishing"):
            return "E_CP_BUSY" if shown in ("Preparing", "Charging") else "E_CP_NOT_AVAILABLE"
        prices = {self.cps[one].price for one in ([cp_id] if cp_id else [self._least_used()])}
        if shown_price is not None and max(prices) > shown_price:
            return "E_PRICE"
        return None if driver.balance or 0 in prices else "E_BALANCE"

    def _least_used(self):
        return min(self._free(), key=lambda one: (self.cps[one].used, one))

    def _grant(self, a, cp_id, most=None):
        cp_id = cp_id or self._least_used()
        cp, driver = self.cps[cp_id], self.drivers[a.driver_id]
        hold = min(driver.balance, MAX_HOLD) if cp.price else 0
        limit = min(MAX_MWH, hold * 10**8 // cp.price) if cp.price else MAX_MWH
        if most is not None and cp.price:
            limit = min(limit, most * 10**8 // cp.price)
        # What the driver wants at most; an answer to a question has none.
        wishes = [getattr(a, "until_mwh", None), getattr(a, "until_cents", None) if cp.price else None]
        if wishes[1] is not None:
            wishes[1] = wishes[1] * 10**8 // cp.price
        wish = min((one for one in wishes if one is not None), default=None)
        limit = limit if wish is None else min(limit, wish)
        hold = min(hold, round_up_half(limit * cp.price))
        session_id = f"S-{a.driver_id}-{cp_id}-{a.nonce}"
        driver.balance -= hold
        driver.session = cp.session = self.requests[a.request_id] = session_id
        self.uses = cp.used = self.uses + 1
        self.sessions[session_id] = SimpleNamespace(
            cp=cp_id, driver=a.driver_id, number=driver.number, hold=hold, limit=limit, price=cp.price, state="A",
            ready=False, first=0, meter=0, stop=None, at=self.now,
            at_limit="own limit" if limit == wish else "limit",
        )  # fmt: skip
        return "ASKING"

    def _start_by_hand(self, a, hand):
        cp, driver = self.cps.get(a.cp_id), self.drivers.get(a.driver_id)
        if cp and cp.question:
            if (cp.question.request, cp.question.driver) == (a.request_id, a.driver_id):
                return "CONFIRMING"
            self._unask(cp)
        if hand.has_pin:
            if driver is None or driver.pin is None or hand.proved is None:
                if driver and driver.pin is not None:
                    driver.misses += 1
                    if driver.misses == MOST_PIN_MISSES:
                        driver.pin, driver.misses = None, 0
                return "E_PIN"
            driver.misses = 0
            return self._refusal(a.driver_id, a.cp_id) or self._grant(a, a.cp_id, driver.pin)
        if refusal := self._refusal(a.driver_id, a.cp_id):
            return refusal
        if driver.asked:
            return "E_DRIVER_BUSY"
        if hand.reach != "driver":
            return "E_NOT_CONFIRMED"
        cp.question = SimpleNamespace(
            request=a.request_id,
            driver=a.driver_id,
            price=cp.price,
            hold=min(driver.balance, MAX_HOLD) if cp.price else None,
        )
        driver.asked = a.cp_id
        return "CONFIRMING"

    def _unask(self, cp):
        self.drivers[cp.question.driver].asked, cp.question = None, None

    def _AnswerStart(self, a):
        if stale := self._of_driver(a):
            return stale
        driver = self.drivers.get(a.driver_id)
        cp = self.cps[driver.asked] if driver and driver.asked else None
        if cp is None or cp.question.request != a.request_id:
            return self._again(a) if self._is_mine(a) else "E_NOT_CONFIRMED"
        asked, cp_id = cp.question, driver.asked
        self._unask(cp)
        if a.yes and not self._refusal(a.driver_id, cp_id) and asked.price == cp.price:
            return self._grant(a, cp_id, asked.hold)
        return None

    def _GiveUpStart(self, a):
        cp = self.cps.get(a.cp_id)
        if cp and cp.question and cp.question.request == a.request_id:
            self._unask(cp)

    def _SetPin(self, a):
        if stale := self._of_driver(a):
            return stale
        if (driver := self.drivers.get(a.driver_id)) is None or driver.withdrawn:
            return "E_ID"
        driver.pin, driver.misses = (a.limit_cents if a.pin_hash else None), 0
        return "PIN"

    def told_all(self, cp_id):
        """What an engine has journaled and not told may be a charge that runs."""
        cp = self.cps[cp_id]
        return self.journals.get((cp_id, cp.journal), 0) >= cp.journal_end

    def _StopCharging(self, a):
        if stale := self._of_driver(a):
            return stale
        wanted = a.session_id or getattr(self.drivers.get(a.driver_id), "session", None)
        session = self.sessions.get(wanted)
        if session is None or session.driver != a.driver_id or session.state not in "AC":
            return "E_NO_SESSION"
        self._stop(wanted, "driver")
        return "STOPPING"

    def _EndCharge(self, a):
        session = self.sessions.get(a.session_id)
        if session is None or session.state not in "AC":
            return "E_NO_SESSION"
        self._stop(a.session_id, "operator")
        return None

    def _TakeRecords(self, a):
        if stale := self._of_engine(a):
            return stale
        if self.cps[a.cp_id].journal != a.journal_id:
            return "E_SEQ"
        key = (a.cp_id, a.journal_id)
        before, answer = self.journals.get(key, 0), "ACK"
        for record in a.records:
            last = self.journals.get(key, 0)
            if record.seq == last + 1:
                self.journals[key] = record.seq
                self._record(a.cp_id, record)
            elif record.seq > last:
                answer = "RESYNC"
                break
        last = self.journals.get(key, 0)
        if last > before:
            session = self.sessions.get(self.cps[a.cp_id].session)
            if session and session.state == "C" and believed(session) >= session.limit:
                self._stop(self.cps[a.cp_id].session, session.at_limit)
            self._forget_a_journal(*key)
        return answer, last

    def _forget_a_journal(self, cp_id, present):
        known = [key for key in self.journals if key[0] == cp_id]
        if len(known) > MOST_JOURNALS and self.cps[cp_id].session is None:
            del self.journals[next(key for key in known if key[1] != present)]

    def _record(self, cp_id, record):
        session = self.sessions.get(record.session_id)
        if session is None or session.cp != cp_id or session.state not in "AC":
            return
        match session.state, record:
            case "A", journal_records.SupplyStart():
                session.state, session.first, session.meter = "C", record.meter_mwh, record.meter_mwh
                driver, cp = self.drivers[session.driver], self.cps[cp_id]
                driver.lapses, driver.free_at = 0, 0
                if record.seq > cp.journal_end:
                    cp.car_of = session.driver
            case "C", journal_records.Meter() | journal_records.SupplyEnd():
                session.meter = max(session.meter, record.meter_mwh)
                if isinstance(record, journal_records.SupplyEnd):
                    cp = self.cps[cp_id]
                    is_news = record.seq > cp.journal_end and session.stop is None
                    if record.reason == "fault" and is_news and cp.heard and cp.fault is None:
                        cp.fault = ENGINE_FAULT
                    late = record.seq <= cp.journal_end
                    self._close(record.session_id, "T", gone=record.reason == "unplugged", late=late)
                elif session.meter - session.first > session.limit:
                    self._stop(record.session_id, session.at_limit)
            case "A", journal_records.SupplyRefused() | journal_records.SupplyEnd():
                self._close(record.session_id, "R")
                late = record.reason == "driver" and self.now - session.at >= 30
                if isinstance(record, journal_records.SupplyRefused) and (
                    record.reason == "not plugged in" or late
                ):
                    driver = self.drivers[session.driver]
                    driver.lapses += 1
                    if driver.lapses > 2:
                        driver.free_at = self.now + min(60 * 2 ** (driver.lapses - 3), 3600)

    def _CloseLost(self, a):
        session = self.sessions.get(a.session_id)
        if session is None or session.state not in "AC":
            return "E_NO_SESSION"
        cp = self.cps[session.cp]
        if a.cut_off:
            if not cp.revoked:
                return None
            cp.parting = None
        elif cp.engine is not None:
            return "E_ENGINE_THERE"
        if session.state == "A" or not a.unless_begun:
            self._close(a.session_id, {"A": "R", "C": "T"}[session.state], estimated=True)
        return None

    def _close(self, session_id, state, *, estimated=False, gone=False, late=False):
        session = self.sessions[session_id]
        energy = believed(session)
        cents = round_up_half(energy * session.price) if state == "T" else 0
        if state == "T":
            self.tickets[session_id] = (energy, cents, estimated)
        driver = self.drivers[session.driver]
        driver.balance, driver.session, self.cps[session.cp].session = (
            driver.balance + session.hold - cents,
            None,
            None,
        )
        session.state = state
        cp = self.cps[session.cp]
        if late and cp.heard:
            # Its monitor knows better whether one is there, and may not have seen that this one went.
            cp.car_of = None if gone else cp.car_of
        elif gone:
            cp.car, cp.car_of = False, None
        elif state == "T":
            cp.car_of = session.driver

    def _MarkTicketShown(self, a):
        stale = self._of_driver(a)
        if not stale and a.session_id in self.tickets and self.sessions[a.session_id].driver == a.driver_id:
            self.seen.add(a.session_id)
        return stale

    def _PlaceHold(self, a):
        for cp in [self._here(a.cp_id)] if a.cp_id else self._all_here():
            if cp is None:
                return "E_UNKNOWN_CP"
            if a.hold not in cp.holds:
                cp.holds.add(a.hold)
                self._stop(cp.session, a.hold.value)
        return None

    def _LiftHold(self, a):
        for cp in [self._here(a.cp_id)] if a.cp_id else self._all_here():
            if cp is None:
                return "E_UNKNOWN_CP"
            cp.holds.discard(a.hold)
        return None

    def _CloseAlert(self, a):
        if a.alert.kind == "journal" and a.alert.about in self.cps:
            self.cps[a.alert.about].holds.discard(Hold.JOURNAL)

    def _TakeAlert(self, a):
        pass  # who has taken an alert decides nothing

    def _CorrectMoney(self, a):
        if a.cents == 0:
            return "E_FIELD"
        if a.session_id is not None:
            return self._corrects(a.session_id, -a.cents, a.driver_id)
        driver = self.drivers.get(a.driver_id)
        if driver is None or driver.withdrawn:
            return "E_NOT_FOUND"
        if driver.balance + a.cents < 0:
            return "E_BALANCE"
        driver.balance += a.cents
        self.put_in += a.cents
        return None

    def _Refund(self, a):
        fixed = self.fixed.get(a.session_id, 0)
        costs = self.tickets[a.session_id][1] + fixed if a.session_id in self.tickets else 0
        cents = costs if a.cents is None else a.cents
        if a.session_id in self.tickets and not 0 < cents <= costs:
            return "E_FIELD"
        return self._corrects(a.session_id, -cents)

    def _corrects(self, session_id, cost, driver_id=None):
        """A ticket stays as it is; beside it stands what it costs more or less, paid from its owner's wallet."""
        session = self.sessions.get(session_id)
        if session is None:
            return "E_NOT_FOUND"
        if session_id not in self.tickets or driver_id not in (None, session.driver):
            return "E_NO_SESSION"
        if self.tickets[session_id][1] + self.fixed.get(session_id, 0) + cost < 0:
            return "E_FIELD"
        owner = self.drivers[session.driver]
        left = (session.driver, session.number)
        paid = cost if session.hold else 0
        if paid > (owner.balance if owner.number == session.number else self.left[left]):
            return "E_BALANCE"
        if owner.number == session.number:
            owner.balance -= paid
        else:
            self.left[left] -= paid
        self.fixed[session_id] = self.fixed.get(session_id, 0) + cost
        self.revenue += paid
        if owner.number == session.number and owner.link is None:
            self.seen.discard(session_id)
        return None

    def _PayOut(self, a):
        driver = self.drivers.get(a.driver_id)
        if driver is None:
            return "E_NOT_FOUND"
        left = (a.driver_id, a.registration)
        present = a.registration in (None, driver.number)
        if not present and left not in self.left:
            return "E_NOT_FOUND"
        balance = driver.balance if present else self.left[left]
        cents = balance if a.cents is None else a.cents
        if not 0 < cents <= balance:
            return "E_BALANCE"
        if present:
            driver.balance -= cents
        else:
            self.left[left] -= cents
        self.put_in -= cents
        return None

    def _RevokeKeys(self, a):
        for holder in (self.cps.get(a.subject), self.drivers.get(a.subject)):
            if holder is None or holder.withdrawn:
                continue
            # Never more than one ahead of what the Registry is known to have issued.
            wanted = a.epoch or max(holder.epoch, min(holder.epoch, holder.issued) + 1)
            if wanted > holder.epoch:
                if holder is self.cps.get(a.subject):
                    self._parts(holder)
                holder.epoch = wanted
                holder.revoked = holder.blocked = True
                holder.pin, holder.misses = None, 0
                self._stop(holder.session, "key revoked")
            holder.issued = max(holder.issued, a.epoch)
        driver = self.drivers.get(a.subject)
        known = self._here(a.subject) or (driver and not driver.withdrawn) or a.epoch
        return None if known else "E_ID"

    def _TopUp(self, a):
        if a.driver_id not in self.drivers or self.drivers[a.driver_id].withdrawn:
            return "E_ID"
        self.drivers[a.driver_id].balance += a.cents
        self.topped_up += a.cents
        return None

    def _stop(self, session_id, reason):
        if session_id and self.sessions[session_id].stop is None:
            self.sessions[session_id].stop = reason


def believed(session):
    """Return the energy that is billed: what was metered, up to the limit."""
    return min(session.meter - session.first, session.limit)


def round_up_half(centi_cents_mwh):
    """Return whole cents, half up, by halves: another way than the one in `billing`."""
    whole, rest = divmod(centi_cents_mwh, 10**8)
    return whole + (2 * rest >= 10**8)


def heard(reply):
    """Return an answer of the rules in the model's words."""
    match reply:
        case RequestStep(step="REFUSED"):
            return reply.code
        case RequestStep():
            return reply.step
        case DriverAsked():
            return "CONFIRMING"
        case PinLimit():
            return "PIN"
        case RecordsTaken():
            return "ACK", reply.last_seq
        case RecordsMissing():
            return "RESYNC", reply.last_seq
        case _:
            return reply
