"""What click itself says of a command line, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "bad value": ("Invalid value for {what}: {why}", "Valor no válido para {what}: {why}"),
    "value of": ("Invalid value for {what}", "Valor no válido para {what}"),
    "no option": ("No such option {name}.", "No existe la opción {name}."),
    "no command": ("No such command {name}.", "No existe la orden {name}."),
    "meant there": ("{why} Did you mean {names}?", "{why} ¿Quería decir {names}?"),
    "possible": ("{why} (Possible options: {names})", "{why} (Opciones posibles: {names})"),
    "missing argument": ("Missing argument {name}.", "Falta el argumento {name}."),
    "missing option": ("Missing option {name}.", "Falta la opción {name}."),
    "missing command": ("Missing command.", "Falta la orden."),
    "needs value": ("Option {name} requires an argument.", "La opción {name} necesita un valor."),
    "takes no value": ("Option {name} does not take a value.", "La opción {name} no lleva valor."),
    "extra": ("Got unexpected extra argument {names}", "Sobra el argumento {names}"),
    "extras": ("Got unexpected extra arguments {names}", "Sobran los argumentos {names}"),
    "not one of": ("{shown} is not one of {names}.", "{shown} no es uno de {names}."),
    "no integer": ("{shown} is not a valid integer.", "{shown} no es un número entero."),
    "no integer within": ("{shown} is not a valid integer range.", "{shown} no es un número entero."),
    "out of range": ("{shown} is not in the range {range}.", "{shown} no está en {range}."),
    "no file": ("File {path} does not exist.", "El fichero {path} no existe."),
    "folder": ("File {path} is a directory.", "{path} es una carpeta."),
}
