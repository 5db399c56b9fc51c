"""The rules: a command and the facts make a decision. Pure; nothing but the domain."""
