// A small line of the last samples. Zero is at the bottom, the newest sample at the right edge. Pure.

/**
 * Return the path of the line and of the area below it.
 * @param {number[]} samples @param {number} room how many samples fit @param {number} height @param {number} [top] value at the upper edge
 * @returns {[string, string]}
 */
export function spark(samples, room, height, top) {
  if (samples.length < 2) return ["", ""];
  const most = top || Math.max(...samples, 1);
  const first = room - samples.length;
  const y = (value) => (height - 1 - (Math.max(0, value) / most) * (height - 3)).toFixed(1);
  const line = samples.map((value, k) => `${k ? "L" : "M"}${first + k} ${y(value)}`).join("");
  return [line, `${line}V${height}H${first}Z`];
}
