import { button, el } from './dom.ts'

const THEMES = ['auto', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]
const KEY = 'fleet-drift-theme'

/** Buttons for light, dark, or the system's choice. */
export function themeSwitch(): HTMLElement {
  const buttons = new Map(
    THEMES.map(theme => [theme, button(theme, () => set(theme), { 'aria-pressed': 'false' })])
  )
  const set = (theme: Theme): void => {
    document.documentElement.dataset.theme = theme
    for (const [each, element] of buttons) element.setAttribute('aria-pressed', String(each === theme))
    try {
      localStorage.setItem(KEY, theme)
    } catch {
      // A page opened from disk may have no storage: the choice lasts until the page is closed.
    }
  }
  set(storedTheme())
  return el('div', { class: 'theme', role: 'group', 'aria-label': 'Colors' }, ...buttons.values())
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY)
    return THEMES.find(theme => theme === stored) ?? 'auto'
  } catch {
    return 'auto'
  }
}
