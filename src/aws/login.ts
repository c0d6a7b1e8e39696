import type { RunContext } from '../github/context.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { ambientAccount, refuseOtherAccounts } from './clients.ts'
import { assumeRole, type CredentialPorts, CredentialsError, type RoleSession } from './credentials.ts'
import { type OidcRequest, runnerTokens } from './oidc.ts'

/** Returns credentials, renewed before they expire. */
export type CredentialProvider = RoleSession['credentials']

/**
 * The credentials of the role, in an allowed account; `null` where the ambient ones are used.
 * @throws CredentialsError or Error with what to change.
 */
export async function login(
  { role, region, allowedAccountIds }: Pick<Inputs, 'role' | 'region' | 'allowedAccountIds'>,
  { repository, oidc }: Pick<RunContext, 'repository' | 'oidc'>,
  ports: Omit<CredentialPorts, 'tokens'>
): Promise<CredentialProvider | null> {
  if (role === null) {
    if (allowedAccountIds.length > 0) refuseOtherAccounts(await ambientAccount(region), allowedAccountIds)
    return null
  }
  if (oidc === null) {
    throw new CredentialsError(
      'role-to-assume needs an OIDC token, and this job may not ask for one: add "id-token: write" to the permissions of the job (or of the workflow).'
    )
  }
  const request: OidcRequest = oidc
  const session = assumeRole(
    { ...role, region, repository: repository === null ? '' : `${repository.owner}/${repository.repo}` },
    { ...ports, tokens: runnerTokens(request, ports) }
  )
  refuseOtherAccounts(await session.account(), allowedAccountIds)
  ports.log.info('Assumed the role.')
  return session.credentials
}
