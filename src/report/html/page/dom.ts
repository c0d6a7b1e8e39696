import { escapeLine } from '../../escape.ts'

/** The attributes that the page uses. None of them runs anything; addresses are set only by {@link technique} and {@link anchor}. */
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

/** In characters; longer texts are cut and end in `…`. */
const MAX_TEXT_LENGTH = 100_000
const MAX_ATTRIBUTE_LENGTH = 600

/**
 * The only way onto the page: everything is text, or the value of a harmless attribute. Characters that are invisible or
 * would reorder their neighbors are shown as escapes.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes))
    element.setAttribute(name, visible(String(value), MAX_ATTRIBUTE_LENGTH))
  element.append(...children.map(child => (typeof child === 'string' ? visible(child) : child)))
  return element
}

/** Text from outside, cut to `limit` and isolated, so that its direction cannot reorder the text around it. */
export function untrusted(text: string, limit = 400): HTMLElement {
  return el('bdi', {}, visible(text, limit))
}

/** A sentence of ours in which backticks enclose code. */
export function sentence(text: string): Child[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? el('code', {}, part) : part))
}

/** Replaces the children of an element. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.map(child => (typeof child === 'string' ? visible(child) : child)))
}

/** A technique as a link to its page, if it looks like a technique id. */
export function technique(id: string): Child {
  if (!/^T\d{4}(\.\d{3})?$/.test(id)) return untrusted(id)
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

/** An icon, for sighted readers only: the same word is next to it or in the label. */
export function icon(shape: string): HTMLElement {
  return el('i', { class: 'icon', 'data-shape': shape, 'aria-hidden': 'true' })
}

export function button(label: Child, onPress: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = el('button', { type: 'button', ...attributes }, label)
  element.addEventListener('click', onPress)
  return element
}

const PLAIN = /^[ -~]*$/

function visible(text: string, limit = MAX_TEXT_LENGTH): string {
  return PLAIN.test(text) && text.length <= limit ? text : escapeLine(text, limit)
}
