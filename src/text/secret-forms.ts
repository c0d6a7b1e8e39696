import { createHash } from 'node:crypto'
import { mark, type Rule } from './secret-rules.ts'

/** Tokens by their beginning, and what follows it. */
const TOKENS: readonly (readonly [kind: string, beginning: string, rest: string])[] = [
  ['AWS access key', 'A[KS]IA|ABIA|ACCA|A3T[A-Z0-9]', '[A-Z0-9]{16}(?![A-Za-z0-9])'],
  ['GitHub token', 'gh[pousr]_|github_pat_', '[A-Za-z0-9_]{20,255}'],
  ['GitLab token', 'gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-', '[A-Za-z0-9_-]{16,255}'],
  ['GitLab token', 'GR1348941', '[A-Za-z0-9_-]{20}'],
  ['Slack token', 'xox[abeposr]-|xoxe\\.|xapp-', '[A-Za-z0-9-]{10,255}'],
  ['Anthropic key', 'sk-ant-', '[A-Za-z0-9_-]{20,255}'],
  ['OpenAI key', 'sk-(?:proj|svcacct|admin)-', '[A-Za-z0-9_-]{20,255}'],
  ['OpenAI key', 'sk-', '[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}'],
  ['Groq key', 'gsk_', '[A-Za-z0-9]{40,80}'],
  ['xAI key', 'xai-', '[A-Za-z0-9]{40,100}'],
  ['Perplexity key', 'pplx-', '[A-Za-z0-9]{32,64}'],
  ['Replicate token', 'r8_', '[A-Za-z0-9]{37,40}'],
  ['Hugging Face token', 'hf_', '[A-Za-z0-9]{30,64}'],
  ['Linear key', 'lin_api_', '[A-Za-z0-9_]{32,128}'],
  ['Notion token', 'ntn_', '[A-Za-z0-9]{40,64}'],
  ['SendGrid key', 'SG\\.', '[\\w-]{16,128}\\.[\\w-]{16,128}'],
  ['Brevo key', 'xkeysib-', '[a-f0-9]{64}-[A-Za-z0-9]{16}'],
  ['Mailgun key', 'key-', '[a-f0-9]{32}(?![A-Za-z0-9])'],
  ['Twilio key', 'SK', '[a-f0-9]{32}(?![A-Za-z0-9])'],
  ['Shopify token', 'shp(?:pa|ca|at|ss)_', '[A-Za-z0-9]{32,64}'],
  ['Square token', 'sq0[a-z]{3}-|EAAA', '[A-Za-z0-9_-]{22,64}'],
  ['Grafana token', 'gl(?:c|sa)_', '[A-Za-z0-9+/_]{32,400}={0,2}'],
  ['New Relic key', 'NR(?:AK|JS|II)-', '[A-Za-z0-9]{19,64}'],
  ['Sentry token', 'sntry[su]_', '[A-Za-z0-9+/=_-]{40,512}'],
  ['Postman key', 'PMAK-', '[a-f0-9]{24}-[a-f0-9]{34}'],
  ['1Password token', 'ops_ey', '[A-Za-z0-9+/=_-]{60,2048}'],
  ['Vault token', 'hv[sbr]\\.', '[A-Za-z0-9_-]{24,300}'],
  ['Vercel token', 'vc[piark]_', '[A-Za-z0-9]{20,60}'],
  ['Netlify token', 'nfp_', '[A-Za-z0-9]{36,64}'],
  ['Supabase key', 'sbp_|sb_secret_', '[A-Za-z0-9_-]{30,64}'],
  ['PlanetScale token', 'pscale_(?:tkn|pw|oauth)_', '[A-Za-z0-9_.-]{32,64}'],
  ['Pulumi token', 'pul-', '[a-f0-9]{40}'],
  ['Doppler token', 'dp\\.(?:pt|st|ct|sa|scim|audit)\\.', '[A-Za-z0-9_.]{40,64}'],
  ['Databricks token', 'dapi', '[A-Fa-f0-9]{32}'],
  ['Docker token', 'dckr_[a-z]{3}_', '[A-Za-z0-9_-]{20,64}'],
  ['Figma token', 'figd_', '[A-Za-z0-9_-]{40,200}'],
  ['PyPI token', 'pypi-AgE', '[A-Za-z0-9_-]{50,512}'],
  ['NuGet key', 'oy2', '[a-z0-9]{43}(?![A-Za-z0-9])'],
  ['Sonar token', 'sq[apu]_', '[a-f0-9]{40}'],
  ['Artifactory token', 'AKCp', '[A-Za-z0-9]{60,100}'],
  ['DigitalOcean token', 'do[opr]_v1_', '[a-f0-9]{64}'],
  ['Tailscale key', 'tskey-', '[A-Za-z0-9-]{16,128}'],
  ['Heroku key', 'HRKU-', '[A-Za-z0-9_-]{30,80}'],
  ['Fly token', 'fo1_|fm2_', '[A-Za-z0-9+/=_-]{40,2048}'],
  ['CircleCI token', 'CCIPAT_', '[A-Za-z0-9_]{40,100}'],
  ['Buildkite token', 'bkua_', '[a-f0-9]{40}'],
  ['Terraform token', '[A-Za-z0-9]{14}\\.atlasv1\\.', '[A-Za-z0-9_-]{40,100}'],
  ['age key', 'AGE-SECRET-KEY-', '1[A-Z0-9]{58}'],
  ['Stripe key', '[rs]k_(?:live|test)_|whsec_', '[A-Za-z0-9]{10,255}'],
  ['Google API key', 'AIza', '[A-Za-z0-9_-]{35}'],
  ['Google secret', 'GOCSPX-|ya29\\.|1//0', '[A-Za-z0-9_-]{20,1024}'],
  ['Azure secret', '[A-Za-z0-9_~.-]{3}8Q~', '[A-Za-z0-9_~.-]{31,34}'],
  ['npm token', 'npm_', '[A-Za-z0-9_]{30,255}'],
  ['RubyGems key', 'rubygems_', '[a-f0-9]{48}'],
  ['Atlassian token', 'AT(?:ATT|CTT)3', '[A-Za-z0-9_=-]{60,400}'],
  ['Bitbucket token', 'ATBB', '[A-Za-z0-9]{28,64}'],
  ['Discord token', '[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.', '[A-Za-z0-9_-]{27,40}'],
  ['Airtable token', 'pat[A-Za-z0-9]{14}\\.', '[a-f0-9]{64}']
]

const token = (kind: string, beginning: string, rest: string): Rule => ({
  kind,
  hint: new RegExp(beginning),
  pattern: new RegExp(`((?<![A-Za-z0-9]))((?:${beginning})${rest})`, 'g')
})

/** Secrets with a form of their own, in order: blocks, then tokens, then addresses. */
export const FORMS: readonly Rule[] = [
  {
    kind: 'private key',
    hint: /PRIVATE KEY/,
    pattern:
      /()(-----BEGIN ?[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){0,12288}(?:-----END [A-Z0-9 ]{0,30}-----)?)/g
  },
  {
    kind: 'ssh key',
    hint: /AAAA[BCEGI]/,
    pattern:
      /()((?:AAAAB3NzaC1|AAAAC3NzaC1|AAAAE2VjZHNh|AAAAGnNrLXNz|AAAAInNrLWVj)[A-Za-z0-9+/]{20,12288}={0,2})/g,
    show: fingerprint
  },
  {
    kind: 'AWS secret key',
    hint: /A[KS]IA[A-Z0-9]{16}/,
    pattern:
      /((?<![A-Za-z0-9/+=.]))((?=[A-Za-z0-9/+]{0,39}[A-Z])(?=[A-Za-z0-9/+]{0,39}[a-z])[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/g
  },
  ...TOKENS.map(([kind, beginning, rest]) => token(kind, beginning, rest)),
  {
    kind: 'JWT',
    hint: /eyJ/,
    // It begins only where a word does, so that a long word is read once.
    pattern:
      /((?<![A-Za-z0-9_-]))(eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{4,8192}(?:\.[A-Za-z0-9_-]{0,4096})?)/g
  },
  {
    kind: 'Telegram token',
    hint: /:AA/,
    pattern: /((?<![0-9]))([0-9]{8,10}:AA[A-Za-z0-9_-]{32,40})/g
  },
  {
    kind: 'password hash',
    hint: /\$/,
    pattern:
      /((?<![A-Za-z0-9$]))(\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2(?:id|i|d))\$[A-Za-z0-9./$,=+-]{20,512})/g
  },
  {
    kind: 'webhook',
    hint: /hooks\.|webhook/,
    pattern:
      /(hooks\.slack\.com\/(?:services|workflows|triggers)\/|hooks\.zapier\.com\/hooks\/catch\/|discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/|webhook\.office\.com\/|outlook\.office(?:365)?\.com\/webhook\/)([A-Za-z0-9@/_-]{8,512})/g
  },
  {
    kind: 'GitHub token',
    hint: /:x-oauth-basic@/,
    pattern: /(:\/\/)([^\s/?#:@"']{1,256})(?=:x-oauth-basic@)/g
  },
  {
    kind: 'password',
    hint: /:\/\//,
    pattern: /(:\/\/[^\s/?#:@"']{0,128}:)([^\s/?#"']{1,255})(?=@)/g
  },
  {
    kind: 'password',
    hint: /jdbc:oracle/,
    pattern: /(jdbc:oracle:[a-z]{2,8}:[^\s/@"']{1,128}\/)([^\s/@"']{1,255})(?=@)/g
  },
  {
    kind: 'authorization',
    hint: /authorization|bearer/i,
    pattern:
      /((?:authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:[A-Za-z]{1,20}\s{1,4})?|\bbearer\s{1,4}))([^\s"',;]{6,8192})/gi
  },
  {
    kind: 'secret',
    hint: /:\/\/[\w-]{20,256}@/,
    // A token in place of a user: https://TOKEN@host
    pattern: /(:\/\/)([A-Za-z0-9_-]{20,256})(?=@)/g,
    show: secret => (/\d/.test(secret) && /[A-Za-z]/.test(secret) ? mark('secret') : secret)
  }
]

/** The fingerprint that `ssh-keygen -l` shows of a public key: enough to distinguish keys and to search for one. */
function fingerprint(key: string): string {
  const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')
  return mark(`ssh key SHA256:${digest}`)
}
