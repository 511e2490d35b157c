// Buttons of the theme that are labels of hidden boxes can have the focus, and answer Space;
// the theme itself answers Enter on labels.
document.addEventListener("DOMContentLoaded", () => {
  const names = { __drawer: "Navigation", __search: "Search" };
  for (const label of document.querySelectorAll("label.md-header__button")) {
    const name = names[label.htmlFor];
    if (!name) continue;
    label.tabIndex = 0;
    label.setAttribute("role", "button");
    label.setAttribute("aria-label", name);
    label.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      label.click();
    });
  }
});
