// Versions that lie beside this one, and buttons that copy code blocks. Pages work without either.
"use strict";

function offerVersions() {
  const chooser = document.getElementById("site-version");
  const current = chooser.dataset.current;
  const versions = window.SITE_VERSIONS || [current];
  chooser.replaceChildren(...versions.map((version) => new Option(version, version, false, version === current)));
  chooser.addEventListener("change", async () => {
    const root = new URL(`../${chooser.value}/`, new URL(chooser.dataset.root || "./", location.href));
    const page = new URL(chooser.dataset.page, root);
    const found = await fetch(page, { method: "HEAD" }).then((answer) => answer.ok, () => false);
    location.href = found ? page.href : new URL("index.html", root).href;
  });
}

// The text of a block; of a console session, the commands without prompts and output.
function copied(block) {
  const lines = block.innerText.replace(/\n$/, "").split("\n");
  const commands = lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
  return (commands.length ? commands : lines).join("\n");
}

function addCopyButtons() {
  for (const block of document.querySelectorAll("div.highlight > pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "site-copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this block");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(copied(block));
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.parentElement.append(button);
  }
}

// Whatever scrolls sideways must be reachable by keyboard.
function reachScrolling() {
  for (const element of document.querySelectorAll("div.highlight > pre, .table-wrapper, .diagram")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  }
}

// The theme has two complementary landmarks without names.
function nameLandmarks() {
  const names = { ".sidebar-drawer": "Contents and search", ".toc-drawer": "On this page" };
  for (const [selector, name] of Object.entries(names)) {
    document.querySelector(selector)?.setAttribute("aria-label", name);
  }
}

offerVersions();
nameLandmarks();
reachScrolling();
addCopyButtons();
