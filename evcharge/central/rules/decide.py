"""The rules of the network: a command and the facts go in, a Decision comes out. Pure.

Invariant: whatever forbids charging also ends the running session, in the same Decision. Each subject has a module
of its own; here each command is given to its own.
"""

from typing import assert_never

from msgspec import structs

from evcharge.central.rules import (
    arrivals,
    charging,
    driver_rules,
    issue,
    kafka_orders,
    manual_start,
    money,
    point_links,
    point_orders,
    revocations,
    weather,
    whereabouts,
)
from evcharge.central.rules.accounts import seal
from evcharge.central.rules.commands import (
    AnswerStart,
    AnyCommand,
    BarDriver,
    ByHand,
    ChangeAccess,
    CloseAlert,
    CloseLost,
    CorrectMoney,
    DriverArrives,
    DriverLeaves,
    DriverVisits,
    EndCharge,
    EngineArrives,
    EngineLeaves,
    FaultUnconfirmed,
    GiveUpStart,
    LiftHold,
    MarkTicketShown,
    MonitorArrives,
    MonitorLeaves,
    MonitorReports,
    MovePoint,
    Note,
    PayOut,
    PlaceHold,
    Refund,
    RegistryFollows,
    ReportReady,
    RevokeKeys,
    SetPin,
    SetPrice,
    StartCentral,
    StartCharging,
    StopCharging,
    TakeAlert,
    TakeOrder,
    TakeRecords,
    TopUp,
    WeatherAlert,
    WeatherClear,
    WeatherOverride,
    WeatherReport,
    Withdraw,
)
from evcharge.central.rules.decision import Decision, Draft
from evcharge.central.rules.facts import Facts
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.central.rules.settings import Rules


def decide(facts: Facts | PendingFacts, command: AnyCommand, rules: Rules) -> Decision:
    """Return what `command` changes, or raise Refused. `facts` are left alone."""
    draft = Draft(facts)
    match command:
        # First, because most commands are this one.
        case TakeRecords():
            charging.take_records(draft, command, rules, driver_rules.next_owner)
        case EngineArrives():
            arrivals.engine_arrives(draft, command, rules)
        case EngineLeaves():
            point_links.engine_leaves(draft, command)
        case MonitorArrives():
            arrivals.monitor_arrives(draft, command, rules)
        case MonitorReports():
            point_links.monitor_reports(draft, command)
        case MonitorLeaves():
            point_links.monitor_leaves(draft, command, rules)
        case DriverArrives():
            driver_rules.driver_arrives(draft, command, rules)
        case DriverLeaves():
            driver_rules.driver_leaves(draft, command)
        case DriverVisits():
            driver_rules.driver_visits(draft, command, rules)
        case StartCharging(by_hand=ByHand() as by_hand):
            manual_start.start(draft, command, by_hand, rules)
        case StartCharging():
            charging.start(draft, command, rules)
        case AnswerStart():
            manual_start.answer(draft, command, rules)
        case GiveUpStart():
            manual_start.give_up(draft, command)
        case FaultUnconfirmed():
            point_links.fault_unconfirmed(draft, command)
        case SetPin():
            manual_start.set_pin(draft, command, rules)
        case StopCharging():
            charging.stop(draft, command)
        case EndCharge():
            charging.end_charge(draft, command)
        case ReportReady():
            charging.report_ready(draft, command)
        case BarDriver():
            driver_rules.bar_driver(draft, command)
        case SetPrice():
            point_orders.set_price(draft, command)
        case MovePoint():
            point_orders.move_point(draft, command)
        case RegistryFollows():
            whereabouts.registered(draft, command)
        case WeatherReport():
            weather.report(draft, command, rules)
        case WeatherAlert():
            weather.raise_alert(draft, command, rules)
        case WeatherClear():
            weather.clear(draft, command)
        case WeatherOverride():
            weather.override(draft, command)
        case CloseLost():
            charging.close_lost(draft, command, rules)
        case MarkTicketShown():
            driver_rules.mark_ticket_shown(draft, command)
        case PlaceHold():
            point_orders.place_hold(draft, command)
        case LiftHold():
            point_orders.lift_hold(draft, command)
        case CloseAlert():
            point_orders.close_alert(draft, command)
        case TakeAlert():
            point_orders.take_alert(draft, command)
        case RevokeKeys():
            revocations.revoke_keys(draft, command)
        case Withdraw():
            revocations.withdraw(draft, command, rules)
        case TopUp():
            driver_rules.top_up(draft, command)
        case CorrectMoney():
            money.correct_money(draft, command)
        case Refund():
            money.refund(draft, command)
        case PayOut():
            money.pay_out(draft, command)
        case TakeOrder():
            kafka_orders.take(draft, command, rules, _act)
        case StartCentral():
            issue.start_central(draft, command, rules)
        case Note():
            draft.say(command.event)
        case ChangeAccess():
            draft.put(command.change)
            draft.say(structs.replace(command.event, seal=seal(command.change)))
        case _:
            assert_never(command)
    manual_start.settle(draft, rules)
    return draft.decision()


def _act(draft: Draft, order: PlaceHold | LiftHold | RevokeKeys) -> None:
    """Do what an order says."""
    match order:
        case PlaceHold():
            point_orders.place_hold(draft, order)
        case LiftHold():
            point_orders.lift_hold(draft, order)
        case RevokeKeys():
            revocations.revoke_keys(draft, order)
        case _:
            assert_never(order)
