import { number } from '../../../text/phrases.ts'
import { briefName } from '../../host-names.ts'
import { button, el, untrusted } from './dom.ts'
import type { Model } from './model.ts'

/** Hosts as buttons that select one: `max` at once, the others on request. */
export function hostList(
  ids: readonly string[],
  { names }: Model,
  selectHost: (id: string) => void,
  max: number
): HTMLElement {
  const list = el('ul', { class: 'hosts' })
  const add = (added: readonly string[]) =>
    list.append(
      ...added.map(id => {
        const brief = briefName(id, names)
        const fullId = brief === id ? [] : [' ', el('small', {}, untrusted(id, 64))]
        const label = el('span', {}, untrusted(brief, 64), ...fullId)
        return el(
          'li',
          {},
          button(label, () => selectHost(id), { title: 'Show only this host' })
        )
      })
    )
  add(ids.slice(0, max))
  const more = ids.length - max
  if (more > 0) {
    const showMore = button(`and ${number(more)} more`, () => {
      item.remove()
      add(ids.slice(max))
    })
    const item = el('li', {}, showMore)
    list.append(item)
  }
  if (ids.length === 0) list.append(el('li', { class: 'quiet' }, 'none'))
  return list
}
