/**
 * One tab stop for many elements (the ARIA pattern "roving tabindex"): keys move between the elements that match
 * `selector`, which may come and go.
 *
 * @param next the element that a key leads to, or `null`
 * @param activate called on click, Enter and Space
 */
export function rovingTabindex(
  container: HTMLElement,
  selector: string,
  next: (key: string, from: HTMLElement) => HTMLElement | null,
  activate: (element: HTMLElement) => void
): void {
  const moveTabStop = (element: HTMLElement): void => {
    for (const old of container.querySelectorAll<HTMLElement>('[tabindex="0"]')) old.tabIndex = -1
    element.tabIndex = 0
  }
  container.addEventListener('focusin', event => {
    const element = (event.target as Element).closest<HTMLElement>(selector)
    if (element !== null) moveTabStop(element)
  })
  container.addEventListener('click', event => {
    const element = (event.target as Element).closest<HTMLElement>(selector)
    if (element === null) return
    moveTabStop(element)
    activate(element)
  })
  container.addEventListener('keydown', event => {
    const element = (event.target as Element).closest<HTMLElement>(selector)
    if (element === null || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      activate(element)
      return
    }
    const target = next(event.key, element)
    if (target === null) return
    event.preventDefault()
    moveTabStop(target)
    target.focus()
  })
}
