"""What `evcharge audit verify` says of the books, in both languages: `domain/audit_findings.AuditFinding`. Pure."""

from collections.abc import Mapping

from evcharge.domain.audit_findings import AuditFinding
from evcharge.domain.billing import euros, kwh
from evcharge.labels import DEFAULT_LANGUAGE, Speech, Words
from evcharge.labels.command_errors import translated

SENTENCES: Mapping[str, Words] = {
    # ---- the report
    "line": ("{book}: {finding}", "{book}: {finding}"),
    "note": ("note: {finding}", "nota: {finding}"),
    "anchors": ("anchors: {witnesses}", "anclas: {witnesses}"),
    "unbroken": ("{events}, {chains}", "{events}, {chains}"),
    "sound": (
        "{events}, {chains}; {tickets}, {energy} kWh, {cost} €; every sum holds",
        "{events}, {chains}; {tickets}, {energy} kWh, {cost} €; cuadran todas las sumas",
    ),
    "chain": ("chain unbroken", "cadena íntegra"),
    "chains": ("{number} chains unbroken ({ends})", "{number} cadenas íntegras ({ends})"),
    "end": ("{chain} up to row {n}", "{chain} hasta la fila {n}"),
    "end of before": ("without a name up to row {n}", "sin nombre hasta la fila {n}"),
    "corrected": ("{tickets} and {corrections}", "{tickets} y {corrections}"),
    "events": ("{count} events", "{count} eventos"),
    "events, one": ("{count} event", "{count} evento"),
    "tickets": ("{count} tickets", "{count} tiques"),
    "tickets, one": ("{count} ticket", "{count} tique"),
    "corrections": ("{count} corrections", "{count} correcciones"),
    "corrections, one": ("{count} correction", "{count} corrección"),
    # ---- the witnesses
    "the Registry": ("the Registry", "el Registry"),
    "Central's audit log": ("Central's audit log", "el registro de auditoría de la Central"),
    "not asked": ("{witness} (not asked: {why})", "{witness} (sin consultar: {why})"),
    "no anchors": ("{witness} (no anchor)", "{witness} (ningún ancla)"),
    "has anchors": (
        "{witness} ({count}, up to row {newest})",
        "{witness} ({count}, hasta la fila {newest})",
    ),
    "there is none": ("there is none", "no lo hay"),
    "what it says is not understood": ("its answer makes no sense", "no se entiende su respuesta"),
    "none checked": (
        "no anchor could be checked: rows cut off at the end would go unnoticed",
        "no se pudo comprobar ningún ancla: si faltaran filas al final, no se notaría",
    ),
    "anchor lost": (
        "{file} lacks {count} anchors that {witness} has, the first of row {n}: somebody deleted or changed them",
        "a {file} le faltan {count} anclas que {witness} tiene, la primera de la fila {n}: alguien las borró o cambió",
    ),
    "anchor lost, one": (
        "{file} lacks {count} anchor that {witness} has, of row {n}: somebody deleted or changed it",
        "a {file} le falta {count} ancla que {witness} tiene, de la fila {n}: alguien la borró o la cambió",
    ),
    # ---- the file, its schema, its chain
    "damaged": ("the file is damaged: {sqlite}", "el fichero está dañado: {sqlite}"),
    "points nowhere": (
        "the file is damaged: row {row} of {table} refers to a row of {other} that is not there",
        "el fichero está dañado: la fila {row} de {table} remite a una fila de {other} que no existe",
    ),
    "schema lacks": (
        "the schema was changed: {guard} is missing",
        "se cambió el esquema: falta {guard}",
    ),
    "schema differs": (
        "the schema was changed: {guard} is different",
        "se cambió el esquema: {guard} es distinto",
    ),
    "chain broken": ("audit log broken: {why}", "el registro de auditoría está roto: {why}"),
    "said by": ("{finding}, says {witness}", "{finding}, según {witness}"),
    "said by several": ("{finding}, say {witnesses}", "{finding}, según {witnesses}"),
    "cut off": ("rows {first} to {last} were cut off", "se cortaron las filas {first} a {last}"),
    "another row": (
        "row {n} is not the one that was anchored",
        "la fila {n} no es la que se ancló",
    ),
    "another row, since": (
        "row {n} is not the one that was anchored; row {fits} still is",
        "la fila {n} no es la que se ancló; la fila {fits} aún lo es",
    ),
    "unread row": (
        "row {n} of the audit log ({kind}) cannot be read by this release",
        "esta versión no sabe leer la fila {n} del registro de auditoría ({kind})",
    ),
    "not compared": (
        "a broken log is not compared with the tables",
        "un registro roto no se compara con las tablas",
    ),
    # ---- what must hold: each with the number of its invariant
    "ticket is not what was metered": (
        (
            "{number} broken: a ticket with its corrections bills exactly what its session metered; an estimate, no "
            "more: {rows}"
        ),
        (
            "{number} no se cumple: un tique con sus correcciones cobra justo lo que midió su sesión; uno estimado, no "
            "más: {rows}"
        ),
    ),
    "ticket beyond a session": (
        "{number} broken: no ticket holds more energy than a session can have: {rows}",
        "{number} no se cumple: ningún tique lleva más energía de la que cabe en una sesión: {rows}",
    ),
    "money does not add up": (
        (
            "{number} broken: wallets + holds + tickets + corrections + what was paid out = what came in + debts: "
            "they differ by {rows} cents"
        ),
        (
            "{number} no se cumple: monederos + retenciones + tiques + correcciones + lo devuelto = lo ingresado + "
            "deudas: difieren en {rows} céntimos"
        ),
    ),
    "wallet is not its ledger": (
        "{number} broken: each wallet is what its ledger says: {rows}",
        "{number} no se cumple: cada monedero es lo que dice su libro mayor: {rows}",
    ),
    "closed session holds": (
        "{number} broken: a closed session holds no money: {rows}",
        "{number} no se cumple: una sesión cerrada no retiene dinero: {rows}",
    ),
    "held for none": (
        "{number} broken: money is held only for open sessions: {rows}",
        "{number} no se cumple: solo se retiene dinero para sesiones abiertas: {rows}",
    ),
    "ticket is not its price": (
        "{number} broken: every ticket's cents follow from its energy and its price: {rows}",
        "{number} no se cumple: el coste de cada tique sale de su energía y su precio: {rows}",
    ),
    "ticket beyond its grant": (
        "{number} broken: no ticket costs more than was granted: {rows}",
        "{number} no se cumple: ningún tique cuesta más de lo autorizado: {rows}",
    ),
    "correction is not its price": (
        "{number} broken: what a charging point reported later costs what its energy costs: {rows}",
        "{number} no se cumple: lo que un punto de recarga comunicó después cuesta lo que su energía: {rows}",
    ),
    "correction is not its ledger": (
        "{number} broken: each correction was paid as the ledger says: {rows}",
        "{number} no se cumple: cada corrección se pagó como dice el libro mayor: {rows}",
    ),
    "two open sessions": (
        "{number} broken: no charging point has two open sessions: {rows}",
        "{number} no se cumple: ningún punto de recarga tiene dos sesiones abiertas: {rows}",
    ),
    "session without ticket": (
        "{number} broken: every session that started and ended has a ticket: {rows}",
        "{number} no se cumple: toda sesión que empezó y terminó tiene su tique: {rows}",
    ),
    "ticket without session": (
        "{number} broken: every ticket has a session that started: {rows}",
        "{number} no se cumple: todo tique tiene una sesión que empezó: {rows}",
    ),
    "ticket without receipt": (
        "{number} broken: every ticket has a receipt number: {rows}",
        "{number} no se cumple: cada tique tiene su número de recibo: {rows}",
    ),
    "receipts have gaps": (
        "{number} broken: receipts are numbered from 1 without gaps: one is missing before {rows}",
        "{number} no se cumple: los recibos se numeran desde 1 y sin huecos: falta uno antes de {rows}",
    ),
    "ticket of another length": (
        (
            "{number} broken: a ticket lasts as long as its charging point measured, and ends no earlier than it "
            "began: {rows}"
        ),
        (
            "{number} no se cumple: un tique dura lo que midió su punto de recarga, y no termina antes de empezar: "
            "{rows}"
        ),
    ),
    "day is not its tickets": (
        "{number} broken: each day's statistics are what its tickets say: {rows}",
        "{number} no se cumple: las estadísticas de cada día son las de sus tiques: {rows}",
    ),
    "ticket is not paid once": (
        "{number} broken: a ticket and its corrections were paid once, except for what is still owed: {rows}",
        "{number} no se cumple: un tique y sus correcciones se pagaron una vez, salvo lo que se debe: {rows}",
    ),
    # ---- rows that are not what the audit log tells
    "no event": (
        "{row}: no event in the audit log accounts for it",
        "{row}: ningún evento del registro de auditoría lo explica",
    ),
    "missing": (
        "{row} is missing, but the audit log has it",
        "falta {row}, que sí está en el registro de auditoría",
    ),
    "differs": (
        "{row}: {column} is {found}; the audit log says {said}",
        "{row}: {column} es {found}; según el registro de auditoría, {said}",
    ),
    "too low": (
        "{row}: {column} is {found}; the audit log says at least {said}",
        "{row}: {column} es {found}; según el registro de auditoría, al menos {said}",
    ),
    "more differ": ("{rows}: and more like these", "{rows}: y más como estas"),
    "nothing": ("nothing", "nada"),
    "ledger": (
        "ledger: {entry} at {at} ({move}) is there {found}; the audit log says {said}",
        "libro mayor: {entry} el {at} ({move}) figura {found}; según el registro de auditoría, {said}",
    ),
    "ledger entry": ("{kind} of {amount} of {driver_id}", "{kind} de {amount} de {driver_id}"),
    "ledger entry of a session": ("{entry} for {session_id}", "{entry} por {session_id}"),
    "move": ("{debit} to {credit}", "de {debit} a {credit}"),
    "move with reference": (
        "{debit} to {credit}, reference {reference}",
        "de {debit} a {credit}, referencia {reference}",
    ),
    "amount": ("{sum} €", "{sum} €"),
    "strange amount": ("{value} cents", "{value} céntimos"),
    "times": ("{count} times", "{count} veces"),
    "times, one": ("once", "una vez"),
    "does not add up": (
        (
            "the audit log does not add up: event {n} gives {driver_id} {balance} €, but all before it comes to "
            "{known} €"
        ),
        (
            "el registro de auditoría no cuadra: el evento {n} dice {balance} € de {driver_id}, y todo lo anterior "
            "suma {known} €"
        ),
    ),
    "proven since": (
        "{what} can only be proven by events after number {n}: earlier ones do not say",
        "{what} solo se pueden probar con eventos posteriores al número {n}: los anteriores no lo dicen",
    ),
    "passwords and tokens": ("passwords and tokens", "las contraseñas y los tokens"),
    "open logins of the pages": ("open logins of the pages", "los accesos abiertos a las páginas"),
    "references of top-ups": ("references of top-ups", "las referencias de los ingresos"),
    # ---- what a row is called
    "row": ("{noun} {key}", "{noun} {key}"),
    "noun cp": ("charging point", "punto de recarga"),
    "noun driver": ("driver", "conductor"),
    "noun former_wallet": ("former wallet of", "monedero anterior de"),
    "noun session": ("session", "sesión"),
    "noun ticket": ("ticket", "tique"),
    "noun issuer": ("issuer", "emisor"),
    "noun correction": ("correction", "corrección"),
    "noun debt": ("debt for", "deuda por"),
    "noun inbox": ("unseen ticket", "tique sin ver"),
    "noun journal": ("journal", "diario"),
    "noun weather": ("weather of", "tiempo de"),
    "noun account": ("account", "cuenta"),
    "noun api_token": ("token", "token"),
    "noun ledger": ("ledger row", "fila del libro mayor"),
    "noun quarantine": ("quarantined record", "registro en cuarentena"),
    "noun web_session": ("login of the pages", "acceso a las páginas"),
    "noun order_taken": ("order of Kafka", "orden de Kafka"),
    "record": (
        "quarantined record {seq} of {cp_id} ({why})",
        "registro {seq} de {cp_id} en cuarentena ({why})",
    ),
    "login": ("login of {who} from {address} at {at}", "acceso de {who} desde {address} el {at}"),
    "order": ("order {command_id} of Kafka", "orden {command_id} de Kafka"),
    # ---- charges after a restore
    "unbilled": (
        "{session_id} was never billed: its records from {cp_id} are in quarantine ({energy} kWh)",
        "{session_id} nunca se cobró: sus registros de {cp_id} están en cuarentena ({energy} kWh)",
    ),
    "unsigned": (
        (
            "quarantine holds {count} sessions with energy that this Central never signed ({points}): made up, or "
            "signed with a lost resume.key"
        ),
        (
            "hay {count} sesiones con energía en cuarentena que esta Central nunca firmó ({points}): inventadas, o "
            "firmadas con una resume.key perdida"
        ),
    ),
    "unsigned, one": (
        (
            "quarantine holds {count} session with energy that this Central never signed ({points}): made up, or "
            "signed with a lost resume.key"
        ),
        (
            "hay {count} sesión con energía en cuarentena que esta Central nunca firmó ({points}): inventada, o "
            "firmada con una resume.key perdida"
        ),
    ),
    "rebuilt": (
        "rebuilt after a restore, from the journals of the engines: {sessions} ({energy} kWh, {cost} €, {running})",
        (
            "reconstruido tras restaurar una copia, con los diarios de los motores: {sessions} ({energy} kWh, {cost} "
            "€, {running})"
        ),
    ),
    "some of": ("{some} and {more} more", "{some} y {more} más"),
    "running": ("{count} of them running", "{count} de ellas en curso"),
}


def in_words(finding: AuditFinding, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return the sentence of `finding`: money in euros, energy in kWh, all of it in one language."""
    facts: dict[str, object] = {}
    for name, value in finding.facts.items():
        if isinstance(value, int) and name.endswith("_cents"):
            facts[name.removesuffix("_cents")] = euros(value)
        elif isinstance(value, int) and name.endswith("_mwh"):
            facts[name.removesuffix("_mwh")] = _energy(value)
        else:
            facts[name] = _fact(name, value, lang)
    return Speech(SENTENCES, lang)(finding.name, **facts)


def _fact(name: str, value: object, lang: str) -> object:
    match value:
        case AuditFinding():
            return in_words(value, lang)
        case None:
            return Speech(SENTENCES, lang)("nothing")
        case str() if name == "why":
            return _known(value, lang) if value in SENTENCES else translated(value, lang)
        case str() if name == "witness":
            return _known(value, lang)
        case tuple():
            between = "; " if any(isinstance(one, AuditFinding) for one in value) else ", "
            return between.join(str(_fact("witness", one, lang)) for one in value)
        case _:
            return value


def _known(text: str, lang: str) -> str:
    """Return a name or a cause of ours; one of somebody else's, such as a file, as it is."""
    return Speech(SENTENCES, lang)(text) if text in SENTENCES else text


def _energy(mwh: int) -> str:
    # To the last mWh, where there is less than a Wh.
    rest = abs(mwh) % 1_000
    return f"{kwh(mwh)}{rest:03}" if rest else kwh(mwh)
