"""What is wrong with a charging point's plan or journal, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "no brokers": (
        '`[engine] live_lane` is "kafka", and `[kafka] bootstrap` names no brokers',
        '`[engine] live_lane` es "kafka", y `[kafka] bootstrap` no nombra ningún broker',
    ),
    "plan": (
        "the plan {path} is not text, or is larger than 1 MiB",
        "el plan {path} no es texto o pasa de 1 MiB",
    ),
    "unread plan": ("cannot read the plan {path}: {why}", "no se puede leer el plan {path}: {why}"),
    "at line": ("{path} line {line}: {why}", "{path}, línea {line}: {why}"),
    "one of": ("{why} one of {names}, not {shown}", "{why} {names}, no {shown}"),
    "action": ("an action is", "una acción es"),
    "after": ("after", "detrás de after va"),
    "manual": (
        'a manual start names its driver, such as "manual D01" or, with a PIN, "manual D01 4711"',
        'un inicio manual nombra a su conductor, como "manual D01" o, con PIN, "manual D01 4711"',
    ),
    "alone": (
        "{name} takes nothing after it, but there is {shown}",
        "detrás de {name} no va nada, y hay {shown}",
    ),
    "pin": ("a PIN has 4 to 12 digits", "un PIN tiene de 4 a 12 cifras"),
    "step": (
        'a step is SECONDS ACTION, such as "2.0 plug" or "after authorised 1.5 plug"',
        'un paso es SEGUNDOS ACCIÓN, como "2.0 plug" o "after authorised 1.5 plug"',
    ),
    "seconds": (
        "{shown} is not a number of seconds from 0 to {most}",
        "{shown} no es un número de segundos de 0 a {most}",
    ),
    "unusable folder": ("cannot use the folder {path}: {why}", "no se puede usar la carpeta {path}: {why}"),
    "another engine": (
        (
            "another engine (pid {pid}) uses the journal in {path}. Stop it first, or start this one with another "
            "charging point or state folder."
        ),
        (
            "otro motor (pid {pid}) usa el diario de {path}. Párelo antes, o arranque este con otro punto de recarga "
            "u otra carpeta de estado."
        ),
    ),
    "journal fails": (
        (
            "the disk of the journal in {path} is failing. The engine stops, with the power off: free or replace the "
            "disk, then start it again{rest}"
        ),
        (
            "falla el disco del diario de {path}. El motor se para, con la corriente cortada: libere o cambie el "
            "disco y arránquelo de nuevo{rest}"
        ),
    ),
    "journal size": (
        (
            "the journal in {path} has {size} bytes, but ours stay below {most}: it was not written by an engine. "
            "Move it away."
        ),
        "el diario de {path} tiene {size} bytes y los nuestros no llegan a {most}: no lo escribió un motor. Apártelo.",
    ),
    "journal shut": (
        "cannot open the journal in {path}: {why}. Check the disk.",
        "no se puede abrir el diario de {path}: {why}. Revise el disco.",
    ),
    "new journal": (
        "cannot begin a new journal in {path}: {why}. Check the disk.",
        "no se puede empezar un diario nuevo en {path}: {why}. Revise el disco.",
    ),
    "newer journal": (
        (
            "the journal in {path} holds a record that this version does not know ({what}). Start the newer evcharge "
            "that wrote it."
        ),
        (
            "el diario de {path} contiene un registro que esta versión no conoce ({what}). Arranque el evcharge más "
            "nuevo que lo escribió."
        ),
    ),
}
