// The page of an address at which there is nothing.
import { $, put } from "../dom.js";
import { languageChoice, onLang, t } from "../i18n.js";
import "../theme.js";

$("header").append(languageChoice());
put($("#address"), location.pathname);
const entitle = () => {
  document.title = `${t("missing.title")} · evcharge`;
};
onLang(entitle);
entitle();
