"""What is wrong with a typed value: an id, an amount, an address, a choice of options; in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "id": (
        "bad {what} {shown}: use 1 to 32 of A-Z, 0-9, _ and -",
        "{what} {shown} no vale: use de 1 a 32 de A-Z, 0-9, _ y -",
    ),
    "high price": (
        "price {shown} is above 100 per kWh: is it in cents?",
        "el precio {shown} pasa de 100 por kWh: ¿son céntimos?",
    ),
    "high amount": (
        "amount {shown} is more than {most}: is it a typing error?",
        "{shown} es más de {most}: ¿es un error al teclear?",
    ),
    "euros": (
        "{why} {shown}: give a plain number, such as {example}",
        "{why} {shown}: dé un número sin más, como {example}",
    ),
    "currency": (
        "currency {shown}: give one that has hundredths, of {names}",
        "moneda {shown}: indique una que tenga céntimos, de entre {names}",
    ),
    "energy": (
        "energy {shown}: give kWh as a plain number up to {most}, such as 3.2",
        "energía {shown}: dé los kWh como un número sin más hasta {most}, como 3.2",
    ),
    "of price": ("price", "precio"),
    "of amount": ("amount", "importe"),
    "location": (
        "location must be 1 to {most} characters of plain text on one line.",
        "la ubicación debe tener de 1 a {most} caracteres de texto en una línea.",
    ),
    "not HOST:PORT": (
        "{shown} is not HOST:PORT, such as 127.0.0.1:9002 or [::1]:9002",
        "{shown} no es HOST:PORT, como 127.0.0.1:9002 o [::1]:9002",
    ),
    "hours": ("give hours, such as 24", "dé horas, como 24"),
    "point or all": (
        "Give a charging point, such as CP001, or --all.",
        "Indique un punto de recarga, como CP001, o --all.",
    ),
    "one over Kafka": (
        "Over Kafka an order is for one charging point, such as CP001.",
        "Por Kafka una orden es para un solo punto de recarga, como CP001.",
    ),
    "no event": ("{shown} is not a type of event", "{shown} no es un tipo de evento"),
    "no role": (
        "{shown} is not a role: one of {names}, with .ID for one of several",
        "{shown} no es un rol: uno de {names}, con .ID para uno de varios",
    ),
    "password length": (
        "A password has {least} to {most} characters, and at most {bytes} bytes in UTF-8.",
        "Una contraseña tiene de {least} a {most} caracteres y {bytes} bytes en UTF-8 como mucho.",
    ),
    "password characters": (
        "A password may contain only whole characters.",
        "Una contraseña solo puede contener caracteres completos.",
    ),
    "cdr of what": (
        "A CDR is made from a ticket: evcharge export tickets --format cdr.",
        "Un CDR se hace a partir de un tique: evcharge export tickets --format cdr.",
    ),
    "one kind of answer": (
        "Give only one of --json, --csv and --excel.",
        "Indique uno solo de --json, --csv y --excel.",
    ),
}
