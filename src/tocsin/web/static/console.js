// The console's keys. Everything here can also be done with the mouse and without any script.
import { startCountdowns } from "./countdown.js";
import { startList } from "./list.js";
import { startVerdict } from "./verdict.js";

const typingInto = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable ||
    element.matches("textarea, select, input:not([type=checkbox]):not([type=radio])"));

const keys = document.getElementById("keys");
const reveal = document.getElementById("reveal");
const list = startList();
const verdict = startVerdict();

function press(element) {
  if (element.matches("textarea")) {
    element.focus();
  } else {
    element.click();
    if (element.matches("input")) element.focus({ preventScroll: true });
  }
  element.scrollIntoView({ block: "nearest" });
}

function handle(event) {
  const { key } = event;
  if (key === "?") return keys?.showModal();
  if (key === "v" && reveal) {
    reveal.checked = !reveal.checked;
    return undefined;
  }
  if (list?.(key)) return undefined;
  if (verdict?.(key)) return undefined;
  const alias = { ArrowDown: "j", ArrowUp: "k" }[key] ?? key;
  if (alias !== key && document.activeElement?.matches("input, .pane, .choices")) return false;
  const target = document.querySelector(`[data-key="${CSS.escape(alias)}"]`);
  if (!target || target.disabled) return false;
  press(target);
  return undefined;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.isComposing || keys?.open) return;
  if (event.key === "Escape") {
    document.activeElement?.blur();
    return;
  }
  if (typingInto(event.target)) return;
  if (event.repeat && !["j", "k", "ArrowDown", "ArrowUp"].includes(event.key)) return;
  if (handle(event) !== false) event.preventDefault();
});

document.querySelector("[data-focus]")?.focus();
startCountdowns();
document.documentElement.classList.add("scripted"); // the keys work from here on
