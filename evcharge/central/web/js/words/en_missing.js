// Words of the page of an address at which there is nothing.
export default {
  "missing.title": "No page here",
  "missing.what": "There is nothing at this address. It may be mistyped, or the link is old:",
  "missing.home": "To the start page",
};
