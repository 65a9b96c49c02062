/** The little that is needed to change the page. What others said comes in as text, and never as HTML. */

/** The element of index.html that has this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}

export function element(
  name: string,
  className: string,
  ...content: readonly (Node | string)[]
): HTMLElement {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...content);
  return made;
}

/** Leaves what is right as it is, so that a reader can select it and a screen reader does not begin anew. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setClass(element: Element, className: string): void {
  if (element.className !== className) element.className = className;
}

/** Puts `children` in their order, and moves nothing that is there already. */
export function setChildren(parent: Element, children: readonly Element[]): void {
  const isSame = parent.childElementCount === children.length &&
    children.every((child, index) => parent.children[index] === child);
  if (!isSame) parent.replaceChildren(...children);
}
