import type { Report } from './report.ts'

/** `report.json`: the report in the order of its schema, with a newline at the end. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`
}
