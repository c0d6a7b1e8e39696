import { el, fill } from './dom.ts'

/** Shows the label of the mark under the pointer or in focus, which screen readers have anyway. Escape hides it. */
export function tips(root: HTMLElement): HTMLElement {
  const tip = el('div', { class: 'tip', 'aria-hidden': 'true' })
  tip.hidden = true
  const hide = (): void => {
    tip.hidden = true
  }
  const show = (event: Event): void => {
    const mark = (event.target as Element).closest<HTMLElement>(
      '[role=option], [role=gridcell], [role=rowheader], [role=columnheader]'
    )
    const label = mark?.getAttribute('aria-label') ?? null
    if (mark === null || label === null) {
      hide()
      return
    }
    fill(tip, label)
    tip.hidden = false
    const at = mark.getBoundingClientRect()
    const own = tip.getBoundingClientRect()
    const left = Math.max(
      8,
      Math.min(at.left + at.width / 2 - own.width / 2, document.documentElement.clientWidth - own.width - 8)
    )
    const above = at.top - own.height - 6
    tip.style.left = `${left}px`
    tip.style.top = `${above > 8 ? above : at.bottom + 6}px`
  }
  root.addEventListener('pointerover', show)
  root.addEventListener('focusin', show)
  root.addEventListener('pointerleave', hide)
  root.addEventListener('focusout', hide)
  addEventListener('scroll', hide, { passive: true, capture: true })
  addEventListener('keydown', event => {
    if (event.key === 'Escape') hide()
  })
  return tip
}
