import { button, el } from './dom.ts'

const THEMES = ['auto', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]
const KEY = 'fleet-drift-theme'

/** Light, dark, or as the system has it. */
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
      // A page from disk may have no storage: the choice lasts as long as the page.
    }
  }
  set(remembered())
  return el('div', { class: 'theme', role: 'group', 'aria-label': 'Colors' }, ...buttons.values())
}

function remembered(): Theme {
  try {
    const known = localStorage.getItem(KEY)
    return THEMES.find(theme => theme === known) ?? 'auto'
  } catch {
    return 'auto'
  }
}
