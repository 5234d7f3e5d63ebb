// Write a number one way everywhere; the twin of transformer_edu/explorers/numbers.py (a test compares them).
/** @type {Record<string, string>} */
const SUPERSCRIPT = {
  "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹",
};
const SMALLEST_PLAIN = -4, LARGEST_PLAIN = 6;

/** @param {number} number @param {number} digits */
function significant(number, digits) {
  if (number === 0) return "0";
  const [mantissa, power] = number.toExponential(digits - 1).split("e"), exponent = Number(power);
  if (exponent >= SMALLEST_PLAIN && exponent < LARGEST_PLAIN) return number.toFixed(Math.max(0, digits - 1 - exponent));
  return `${mantissa}×10${[...String(exponent)].map((sign) => SUPERSCRIPT[sign]).join("")}`;
}

/** @param {number} number @param {string} format */
export function numberText(number, format) {
  if (Number.isNaN(number)) return "–";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const digits = Number(format.slice(1, -1)) || 0; // "d" has none
  const text = format.endsWith("s") ? significant(number, digits) : number.toFixed(digits);
  return (/[1-9]/.test(text.split("×")[0]) ? text : text.replace(/^-/, "")).replace("-", "−");
}

/** Ticks want no more digits than they need: 0.25, 100, 10⁻⁵. @param {number} number */
export function tickText(number) {
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return significant(number, 1).replace(/^1×/, "").replace("-", "−");
  return String(Number(number.toPrecision(4))).replace("-", "−");
}
