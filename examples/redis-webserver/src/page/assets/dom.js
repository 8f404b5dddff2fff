/**
 * The element with this id, which the page is known to have.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  return checked(document.getElementById(id), type);
}

/**
 * The first element inside another that the selector fits.
 * @template {HTMLElement} T
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function within(parent, selector, type) {
  return checked(parent.querySelector(selector), type);
}

/**
 * @template {HTMLElement} T
 * @param {Element | null} element
 * @param {new () => T} type
 * @returns {T}
 */
function checked(element, type) {
  if (!(element instanceof type)) throw new TypeError(`the page lacks a ${type.name}`);
  return element;
}
