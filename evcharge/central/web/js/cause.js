// Where the cause of an alert is seen that is about no charging point.

/** The tab that shows what an alert of that kind is about; what is about Central itself is in the audit log. */
const TABS = { weather: "weather", "weather-service": "weather", debt: "drivers", welcome: "drivers" };

/** Return the tab, with its filter. @param {{about: string, kind: string}} alert */
export const causeTab = ({ about, kind }) => (TABS[kind] === "drivers" ? `drivers?id=${encodeURIComponent(about)}` : TABS[kind] ?? "audit");
