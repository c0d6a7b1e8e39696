import type { Log, LogPlace } from '../../src/log.ts'

export interface RecordingLog extends Log {
  /** Every message with its level: `warning: text`. */
  readonly lines: string[]
  readonly infos: string[]
  /** Warnings without a heading or a line. */
  readonly warnings: string[]
  /** Warnings with a heading or a line. */
  readonly annotations: { text: string; at: LogPlace }[]
}

/** A log that records its messages. */
export function recordingLog(): RecordingLog {
  const lines: string[] = []
  const infos: string[] = []
  const warnings: string[] = []
  const annotations: RecordingLog['annotations'] = []
  return {
    lines,
    infos,
    warnings,
    annotations,
    info(text) {
      lines.push(`info: ${text}`)
      infos.push(text)
    },
    debug: text => void lines.push(`debug: ${text}`),
    warning(text, at) {
      lines.push(`warning: ${text}`)
      if (at === undefined) warnings.push(text)
      else annotations.push({ text, at })
    },
    error: text => void lines.push(`error: ${text}`),
    group: (_, work) => work()
  }
}
