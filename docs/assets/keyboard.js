// Buttons of the theme that are labels of hidden boxes can have the focus, and answer Space;
// the theme itself answers Enter on labels.
document.addEventListener("DOMContentLoaded", () => {
  const isNarrow = window.matchMedia("(max-width: 76.2344em)");
  const names = { __drawer: "Navigation", __search: "Search" };
  const answer = (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    event.currentTarget.click();
  };
  for (const label of document.querySelectorAll("label.md-header__button")) {
    const name = names[label.htmlFor];
    if (!name) continue;
    label.tabIndex = 0;
    label.setAttribute("role", "button");
    label.setAttribute("aria-label", name);
    label.addEventListener("keydown", answer);
  }
  // Sections are headings beside a wide page, and open in a narrow one.
  const sections = document.querySelectorAll(".md-sidebar--primary label[for^=__nav_], .md-sidebar--primary label[for=__toc]");
  for (const label of sections) label.addEventListener("keydown", answer);
  const adapt = () => {
    for (const label of sections) label.tabIndex = isNarrow.matches ? 0 : -1;
  };
  isNarrow.addEventListener("change", adapt);
  adapt();
});
