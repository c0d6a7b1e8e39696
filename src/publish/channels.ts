import type { Channel, Publication, VisiblePublication } from './channel.ts'
import { showAnnotations } from './channels/annotations.ts'
import { upsertComment } from './channels/comment.ts'
import { writeFiles } from './channels/files.ts'
import { upsertIssue } from './channels/issue.ts'
import { printReport } from './channels/log.ts'
import { reportOutputs } from './channels/outputs.ts'
import { writeSummary } from './channels/summary.ts'

/** Complete reports, for the workflow only. */
export const PRIVATE_CHANNELS: readonly Channel<Publication>[] = [writeFiles]

/** What everyone who can read the repository can see. */
export const VISIBLE_CHANNELS: readonly Channel<VisiblePublication>[] = [
  reportOutputs,
  printReport,
  writeSummary,
  showAnnotations,
  upsertComment,
  upsertIssue
]
