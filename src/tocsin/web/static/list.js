// Walk a list with j and k, open with Enter.
export function startList() {
  const links = [...document.querySelectorAll("[data-list] .row-link")];
  if (links.length === 0) return null;
  let at = -1;

  function go(step) {
    links[at]?.closest("tr").classList.remove("here");
    at = Math.min(links.length - 1, Math.max(0, at + step));
    const row = links[at].closest("tr");
    row.classList.add("here");
    row.scrollIntoView({ block: "nearest" });
    links[at].focus({ preventScroll: true });
  }

  return (key) => {
    if (key === "j" || key === "ArrowDown") go(1);
    else if (key === "k" || key === "ArrowUp") go(-1);
    else return false;
    return true;
  };
}
