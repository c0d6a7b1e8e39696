/** What a line of a differential log says beside its row. */
export interface Event {
  readonly host?: string
  readonly name?: string
  readonly time?: number
  readonly epoch?: number | string
  readonly counter?: number | string
  readonly action?: string
  readonly decorations?: Readonly<Record<string, string>>
}

/** A line as osqueryd writes it in event format, by default the first of query `users` on `web-1`. */
export const event = (
  row: object,
  {
    host = 'web-1',
    name = 'users',
    time = 1_795_939_200,
    epoch = 0,
    counter = 0,
    action = 'added',
    decorations
  }: Event = {}
) =>
  JSON.stringify({
    name,
    hostIdentifier: host,
    calendarTime: 'Sun Nov 29 08:00:00 2026 UTC',
    unixTime: time,
    epoch,
    counter,
    numerics: false,
    ...(decorations === undefined ? {} : { decorations }),
    columns: row,
    action
  })
/** Lines as a file has them. */
export const log = (...lines: string[]) => `${lines.join('\n')}\n`
