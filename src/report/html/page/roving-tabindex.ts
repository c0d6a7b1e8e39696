/**
 * One tab stop for many elements: arrow keys, Home and End move between them. `next` says where a key leads.
 * The elements may come and go; those that match `selector` count.
 */
export function rove(
  container: HTMLElement,
  selector: string,
  next: (key: string, from: HTMLElement) => HTMLElement | null,
  onEnter: (element: HTMLElement) => void
): void {
  const stop = (element: HTMLElement): void => {
    for (const old of container.querySelectorAll<HTMLElement>('[tabindex="0"]')) old.tabIndex = -1
    element.tabIndex = 0
  }
  container.addEventListener('focusin', event => {
    const element = (event.target as Element).closest<HTMLElement>(selector)
    if (element !== null) stop(element)
  })
  container.addEventListener('click', event => {
    const element = (event.target as Element).closest<HTMLElement>(selector)
    if (element === null) return
    stop(element)
    onEnter(element)
  })
  container.addEventListener('keydown', event => {
    const element = (event.target as Element).closest<HTMLElement>(selector)
    if (element === null || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      onEnter(element)
      return
    }
    const target = next(event.key, element)
    if (target === null) return
    event.preventDefault()
    stop(target)
    target.focus()
  })
}
