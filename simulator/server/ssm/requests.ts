import * as z from 'zod'
import { ServiceError } from '../call-log.ts'

/** SSM's limit for lists of ids, values and pages. */
const MAX_LIST = 50

const nextToken = z.string().optional()

export const sendCommandSchema = z.object({
  DocumentName: z.string(),
  DocumentVersion: z.string().optional(),
  DocumentHash: z.string().optional(),
  InstanceIds: z.array(z.string()).max(MAX_LIST).optional(),
  Targets: z
    .array(z.object({ Key: z.string(), Values: z.array(z.string()).max(MAX_LIST) }))
    .max(5)
    .optional(),
  Comment: z.string().max(100).optional(),
  TimeoutSeconds: z.int().min(30).max(2_592_000).optional(),
  MaxErrors: z.string().optional(),
  MaxConcurrency: z.string().optional(),
  OutputS3BucketName: z.string().min(3).max(63).optional(),
  OutputS3KeyPrefix: z.string().max(500).optional(),
  Parameters: z.record(z.string(), z.array(z.string()))
})

export const listCommandsSchema = z.object({
  CommandId: z.string().optional(),
  Filters: z.array(z.object({ key: z.literal('InvokedAfter'), value: z.iso.datetime() })).optional(),
  MaxResults: z.int().min(1).max(MAX_LIST).default(MAX_LIST),
  NextToken: nextToken
})

export const commandSchema = z.object({ CommandId: z.string() })

export const listInvocationsSchema = z.object({
  CommandId: z.string(),
  Details: z.boolean().default(false),
  MaxResults: z.int().min(1).max(MAX_LIST).default(MAX_LIST),
  NextToken: nextToken
})

export const getInvocationSchema = z.object({ CommandId: z.string(), InstanceId: z.string() })

export const describeAgentsSchema = z.object({
  Filters: z.array(z.object({ Key: z.string(), Values: z.array(z.string()).min(1).max(100) })),
  MaxResults: z.int().min(5).max(MAX_LIST).default(10),
  NextToken: nextToken
})

/** @throws ServiceError if the input is not what SSM accepts */
export function parseRequest<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (!parsed.success)
    throw new ServiceError('ValidationException', z.prettifyError(parsed.error).slice(0, 500))
  return parsed.data
}

/** One page of a list, and the token of the next page. */
export function pageOf<T>(
  all: readonly T[],
  request: { MaxResults: number; NextToken?: string | undefined }
) {
  const from = Number(request.NextToken ?? 0)
  const to = from + request.MaxResults
  return { items: all.slice(from, to), next: to < all.length ? { NextToken: String(to) } : {} }
}
