import { briefName } from '../../markdown/hosts.ts'
import { button, el, said } from './dom.ts'
import type { Model } from './model.ts'
import { number } from './words.ts'

/** Hosts by name as buttons that pick one: `most` at once, the others on request. */
export function hostList(
  ids: readonly string[],
  { names }: Model,
  pick: (id: string) => void,
  most: number
): HTMLElement {
  const list = el('ul', { class: 'hosts' })
  const add = (some: readonly string[]) =>
    list.append(
      ...some.map(id => {
        const brief = briefName(id, names)
        const more = brief === id ? [] : [' ', el('small', {}, said(id, 64))]
        const label = el('span', {}, said(brief, 64), ...more)
        return el(
          'li',
          {},
          button(label, () => pick(id), { title: 'Show this host alone' })
        )
      })
    )
  add(ids.slice(0, most))
  const rest = ids.length - most
  if (rest > 0) {
    const further = button(`and ${number(rest)} more`, () => {
      item.remove()
      add(ids.slice(most))
    })
    const item = el('li', {}, further)
    list.append(item)
  }
  if (ids.length === 0) list.append(el('li', { class: 'quiet' }, 'none'))
  return list
}
