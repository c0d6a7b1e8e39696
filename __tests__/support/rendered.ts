import { spawnSync } from 'node:child_process'

/** Debian's cmark-gfm renders like GitHub. Where it is not installed, only our own parsing of the text is tested. */
export const hasCmark = spawnSync('cmark-gfm', ['--version']).status === 0

/** HTML of GitHub Flavored Markdown, with raw HTML left in as on GitHub. */
export function toHtml(markdown: string): string {
  const extensions = ['table', 'autolink', 'strikethrough', 'tasklist', 'footnotes'].flatMap(name => [
    '-e',
    name
  ])
  const { stdout, status } = spawnSync('cmark-gfm', ['--unsafe', ...extensions], {
    input: markdown,
    maxBuffer: 1 << 28
  })
  if (status !== 0) throw new Error('cmark-gfm failed')
  return stdout.toString()
}

/** The page without the content of `<code>`: tags and our own words. */
export function outsideCode(html: string): string {
  return html.replace(/<code[^>]*>[^<]*<\/code>/g, '<code/>')
}

/**
 * The text without its code spans and fenced blocks, by the rules of CommonMark: a span ends at the next run of the same
 * number of backticks, and a block at a line of at least that many.
 */
export function outsideSpans(markdown: string): string {
  const lines: string[] = []
  let fence: string | null = null
  for (const line of markdown.split('\n')) {
    if (fence !== null) {
      if (line.startsWith(fence) && /^`+\s*$/.test(line)) fence = null
      continue
    }
    const opened = /^(`{3,})[^`]*$/.exec(line)?.[1]
    if (opened !== undefined) fence = opened
    lines.push(opened === undefined ? withoutSpans(line) : '(block)')
  }
  if (fence !== null) throw new Error('a block is not closed')
  return lines.join('\n')
}

function withoutSpans(line: string): string {
  const runs = [...line.matchAll(/`+/g)]
  let result = ''
  let from = 0
  for (let at = 0; at < runs.length; at++) {
    const opening = runs[at]!
    const closing = runs.findIndex((run, later) => later > at && run[0].length === opening[0].length)
    if (closing < 0) throw new Error(`a code span is not closed: ${line.slice(0, 200)}`)
    result += `${line.slice(from, opening.index)}(code)`
    from = runs[closing]!.index + opening[0].length
    at = closing
  }
  return result + line.slice(from)
}
