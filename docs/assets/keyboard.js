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
  // What the search has found is reached by arrow keys and by its links, the box around it is no stop.
  document.querySelector(".md-search__scrollwrap")?.setAttribute("tabindex", "-1");
  // The menu of a narrow page takes the focus when it opens, and Escape closes it.
  const drawer = document.getElementById("__drawer");
  const button = document.querySelector("label.md-header__button[for=__drawer]");
  drawer.addEventListener("change", () => {
    const first = document.querySelector(".md-sidebar--primary .md-nav__list a");
    if (drawer.checked) setTimeout(() => first.focus(), 300); // when it has come into sight
  });
  // In a narrow page the search is out of sight, where the keys of the theme do not find it.
  const search = document.getElementById("__search");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drawer.checked) {
      button.click();
      button.focus();
    }
    const isTyping = event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
    if (isNarrow.matches && !isTyping && !search.checked && ["/", "f", "s"].includes(event.key)) {
      event.preventDefault();
      document.querySelector("label.md-header__button[for=__search]").click();
    }
  });
});
