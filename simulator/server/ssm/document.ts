import * as z from 'zod'
import { ServiceError } from '../call-log.ts'

const documentSchema = z.object({
  schemaVersion: z.literal('2.2'),
  parameters: z.record(z.string(), z.object({ allowedPattern: z.string(), default: z.string().optional() })),
  mainSteps: z.tuple([
    z.object({
      action: z.literal('aws:runShellScript'),
      name: z.string(),
      inputs: z.object({ runCommand: z.array(z.string()) })
    })
  ])
})

/**
 * The commands of a document with its parameters filled in as the agent does it (`$$` becomes `$`), and its step.
 * @throws ServiceError if a parameter is unknown or its value is not allowed
 */
export function fillIn(
  content: string,
  values: Readonly<Record<string, readonly string[]>>
): { readonly commands: string[]; readonly step: string } {
  const { parameters, mainSteps } = documentSchema.parse(JSON.parse(content))
  for (const name of Object.keys(values))
    if (parameters[name] === undefined)
      throw new ServiceError('InvalidParameters', `The document has no parameter ${name}`)
  const [{ name: step, inputs }] = mainSteps
  const commands = inputs.runCommand.map(line =>
    line.replace(/\{\{ *(\w+) *\}\}/g, (_, name: string) => {
      const value = values[name]?.[0] ?? parameters[name]?.default
      if (value === undefined || !new RegExp(parameters[name]?.allowedPattern ?? '$^').test(value))
        throw new ServiceError('InvalidParameters', `The value of ${name} is not allowed`)
      return value.replaceAll('$$', () => '$')
    })
  )
  return { commands, step }
}
