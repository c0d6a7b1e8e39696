import { escapeLine } from '../../escape.ts'

/** The attributes the page uses. None of them runs anything, and {@link link} alone sets an address. */
export type Attributes = Readonly<
  Partial<
    Record<
      | 'autocomplete'
      | 'class'
      | 'colspan'
      | 'for'
      | 'id'
      | 'list'
      | 'name'
      | 'placeholder'
      | 'role'
      | 'scope'
      | 'spellcheck'
      | 'tabindex'
      | 'title'
      | 'type'
      | 'value'
      | `aria-${string}`
      | `data-${string}`,
      string | number
    >
  >
>

export type Child = Node | string

/** Longest text and longest attribute on the page; what is cut ends in `…`. */
const LONGEST = 100_000
const LONGEST_ATTRIBUTE = 600

/**
 * The one way in which anything gets onto the page: as text, or as the value of a harmless attribute, with what would
 * be invisible or reorder its neighbors shown as an escape.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes))
    element.setAttribute(name, visible(String(value), LONGEST_ATTRIBUTE))
  element.append(...children.map(child => (typeof child === 'string' ? visible(child) : child)))
  return element
}

/** Somebody else's words, cut to `limit`, in their own direction: they cannot reorder what stands beside them. */
export function said(text: string, limit = 400): HTMLElement {
  return el('bdi', {}, visible(text, limit))
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.map(child => (typeof child === 'string' ? visible(child) : child)))
}

/** A technique as a link to its page, where it has the form of one. */
export function technique(id: string): Child {
  if (!/^T\d{4}(\.\d{3})?$/.test(id)) return said(id)
  const anchor = el('a', {}, id)
  anchor.href = `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`
  anchor.rel = 'noopener noreferrer'
  return anchor
}

/** A link within the page. */
export function anchor(id: string, ...children: readonly Child[]): HTMLAnchorElement {
  const link = el('a', {}, ...children)
  link.href = `#${id}`
  return link
}

/** The sign of a severity: a shape of its own, for eyes; the word stands beside it or in the label. */
export function sign(shape: string): HTMLElement {
  return el('i', { class: 'sign', 'data-shape': shape, 'aria-hidden': 'true' })
}

export function button(label: Child, onPress: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = el('button', { type: 'button', ...attributes }, label)
  element.addEventListener('click', onPress)
  return element
}

const PLAIN = /^[ -~]*$/

function visible(text: string, limit = LONGEST): string {
  return PLAIN.test(text) && text.length <= limit ? text : escapeLine(text, limit)
}
