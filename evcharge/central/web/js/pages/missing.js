// The page of an address at which there is nothing.
import { $, put } from "../dom.js";
import { add, t } from "../i18n.js";
import "../theme.js";
import en from "../words/en_missing.js";
import es from "../words/es_missing.js";

add({ en, es });
put($("#address"), location.pathname);
document.title = `${t("missing.title")} · evcharge`;
