// Words of what an operator settles by hand.
export default {
  "settling.close_lost": "Close as lost",
  "settling.lost_hint": "The engine of {cp} has no link to Central. If it does not come back, close this session: else the driver's money stays held.",
  "settling.close_lost_sure": "Close this session? It is billed at the last meter that Central knows, as an estimate; if nothing had begun, the money goes back.",
  "settling.close_lost_later": "What the engine of {cp} tells later makes a correction, never a second ticket.",
  "settling.lost_billed": "Closed, and billed {sum} by estimate.",
  "settling.lost_given_back": "Closed: nothing had begun, the money is back.",
};
