import { isReference, MARK, mark, type Rule } from './secret-rules.ts'

/** A value, in quotes or not; quotes may be escaped, as in JSON within a command. */
const VALUE = `(\\\\{1,3}"[^"\\\\]{1,2048}(?:\\\\{1,3}")?|"(?:[^"\\\\]|\\\\.){1,2048}"?|'[^']{1,2048}'?|[^\\s"'&;,]{1,2048})`
/** Names of secrets. Not sudo's NOPASSWD: COMMANDS. */
const NAME =
  '(?<!NO)passw(?:or)?d|passphrase|passcode|[;?&]pwd|secret|token|credential|keymaterial|sonar\\.login|x-[a-z-]{0,32}key|' +
  '(?:api|access|private|account|encryption|auth|master|signing|shared|subscription|license|app|session|storage|consumer|client|webhook|functions)[_-]?key'
/** What follows the name of something about a secret, and not of the secret itself. */
const ABOUT =
  '(?!s?[._-]?(?:file|path|dir|name|id|ur[il]|type|len|length|policy|ttl|expir|status|last|change|budget|limit|(?:age|min|max|count)(?![a-z])|hash_alg|store|iz|authentication)[\\w.-]{0,32}\\\\{0,3}["\']?[\\s=:])(?!s["\']?\\s{0,4}[=:]\\s{0,4}\\d{1,9}(?!\\S))[\\w.-]{0,32}(?<!file|path|dir)'

const named = (separator: string): Rule => ({
  kind: 'secret',
  hint: /pass|pwd|secret|token|credential|key|sonar/i,
  pattern: new RegExp(`((?:${NAME})${ABOUT}(?:${separator}))${VALUE}`, 'gi'),
  show: secret => (isReference(secret) || isHidden(secret) ? secret : mark('secret'))
})

/** Whether a more exact rule has hidden the secret already. */
const isHidden = (secret: string): boolean => secret.includes(MARK)

const NAME_AND_VALUE = new RegExp(`(?:${NAME})${ABOUT}=`, 'i')

/** Whether a text, such as the name of a column or of a variable, names a secret. */
export const namesSecret = (name: string): boolean => NAME_AND_VALUE.test(`${name.slice(0, 200)}=`)

/** In our own sentences, names are assigned a value only by `=`, or in JSON. */
export const SENTENCES: readonly Rule[] = [named(`=|["']\\s{0,4}:\\s{0,4}(?=["'])`)]

/** An absolute path, a reference, a number of one digit, or something that is hidden already. */
function shortNameSecret(secret: string): string {
  return isReference(secret) ||
    isHidden(secret) ||
    /^["']?(?:\/[\w./-]{0,256}["']?$|\d?["']?$|-)/.test(secret)
    ? secret
    : mark('secret')
}

/** As much of a value as a short name may have. */
const SHORT = `("[^"]{1,512}"?|'[^']{1,512}'?|[^\\s"'&;,]{1,512})`

/** Secrets that only their context reveals, in order. Every repetition is bounded. */
export const CONTEXTS: readonly Rule[] = [
  {
    kind: 'secret',
    hint: /cookie/i,
    pattern: /((?<![\w-])(?:set-)?cookie["']?\s{0,4}:\s{0,4})([^"'\n]{1,4096})/gi
  },
  {
    kind: 'secret',
    hint: /[?&]/,
    pattern:
      /([?&](?:key|sig|signature|auth|code|x-amz-signature|x-amz-security-token|x-goog-signature|pw|pass|pwd)=)([^&\s"'#]{4,1024})/gi
  },
  {
    kind: 'secret',
    hint: /pass:/,
    pattern: /((?<=^|[\s"'=])pass:)([^\s"']{1,256})/g
  },
  {
    // Options of Windows: /p:value, /pass:"value", /ntlm:value, /password value
    kind: 'secret',
    hint: /[\s"]\/[a-z]/i,
    pattern:
      /((?<=[\s"'])\/(?:(?:p|pw|pass|[a-z]{0,24}passw(?:or)?d{1,2}|pth|ntlm|rc4|aes128|aes256|hash):|[a-z]{0,24}passw(?:or)?d{1,2}\s{1,4}))("[^"]{1,256}"?|'[^']{1,256}'?|[^\s"']{1,256})/gi,
    show: shortNameSecret
  },
  {
    kind: 'secret',
    hint: /<\//,
    pattern:
      /(<[\w:.-]{0,60}(?:password|passwd|passphrase|secret|token|pass)[\w.-]{0,20}>)([^<>]{1,512})(?=<\/)/gi
  },
  {
    kind: 'secret',
    hint: /identified\s|password\s/i,
    pattern: /(\b(?:identified\s{1,4}by|password)\s{1,4})('[^']{1,256}'|"[^"]{1,256}")/gi
  },
  {
    // A line of .netrc
    kind: 'password',
    hint: /login\s/,
    pattern: /(\blogin\s{1,4}[^\s]{1,128}\s{1,4}password\s{1,4})([^\s]{1,256})/g
  },
  {
    // NetworkCredential('user', 'value'), auth=('user', 'value')
    kind: 'password',
    hint: /credential|auth/i,
    pattern:
      /((?:credential|auth)\s{0,2}=?\s{0,2}\(\s{0,2}["'][^"']{0,128}["']\s{0,2},\s{0,2})("[^"]{1,256}"|'[^']{1,256}')/gi,
    show: shortNameSecret
  },
  {
    // --creds user:value, -auth user:value
    kind: 'password',
    hint: /creds|credentials|auth/i,
    pattern:
      /((?<=^|\s)--?(?:[A-Za-z]{1,16}-)?(?:creds|credentials|auth)(?:=|\s{1,4})["']?[^\s:"'/]{1,64}:)([^\s"']{1,256})/g,
    show: shortNameSecret
  },
  {
    // Lines of configurations: rocommunity value, bindpw value
    kind: 'secret',
    hint: /community|bindpw|rootpw/,
    pattern: /((?<=^|\s)(?:r[ow]community6?|bindpw|rootpw)\s{1,4})([^\s]{1,128})/g
  },
  {
    // user=name%value, user = "name:value"
    kind: 'password',
    hint: /user/,
    pattern: /((?<=^|[\s,])user(?:name)?\s{0,2}=\s{0,2}["']?[^\s,%:"']{1,64}[%:])([^\s,"']{1,256})/g,
    show: shortNameSecret
  },
  {
    // Parts of an Authorization header after the first
    kind: 'authorization',
    hint: /signature=|response=/i,
    pattern: /((?<=[\s,])(?:signature|response)=["']?)([0-9a-f]{32,128})/gi
  },
  {
    kind: 'password',
    hint: /SecureString/i,
    pattern:
      /(ConvertTo-SecureString(?:\s{1,4}-(?:String|AsPlainText|Force)){0,3}\s{1,4})(\\{0,3}"[^"]{1,256}"?|'[^']{1,256}'?|[^\s"'-][^\s"')]{0,256})/gi,
    show: shortNameSecret
  },
  {
    // key="Password" value="…"
    kind: 'secret',
    hint: /value\s?=/i,
    pattern:
      /((?:key|name)\s?=\s?["'][^"']{0,64}(?:password|passwd|secret|token|pwd)["'][^<>]{0,64}?\bvalue\s?=\s?["'])([^"']{1,512})/gi
  },
  {
    // DB_PASS=value; neither SSH_ASKPASS=program nor BYPASS=1.
    kind: 'secret',
    hint: /(?:PASS|PSK|_PWD|_PW|_AUTH|_PIN|_COOKIE|_SIGNATURE|_SALT)=/,
    pattern: new RegExp(
      `((?<![A-Za-z0-9_])[A-Z0-9_]{0,60}?(?<!ASK|BY|COM)(?:PASS|PSK|_PWD|_PW|_AUTH|_PIN|_COOKIE|_SIGNATURE|_SALT)=)${SHORT}`,
      'g'
    ),
    show: shortNameSecret
  },
  {
    // --pass value, --requirepass value, -storepass value, key.pass=value
    kind: 'secret',
    hint: /pass|pw|psk|auth|--(?:pat|sas|t?otp)/i,
    pattern: new RegExp(
      `((?<=^|\\s)(?:--?[A-Za-z0-9_.-]{0,48}?(?<!by|com|no|no-)(?:pass|pw|pwd|psk|masterauth|auth)|requirepass|masterauth|--(?:pat|sas|t?otp))(?:\\s{0,2}=\\s{0,2}|\\s{1,4}))${SHORT}`,
      'g'
    ),
    show: shortNameSecret
  },
  {
    // pass=value, "pass": "value", user=x,pass=value, ansible_ssh_pass=value
    kind: 'secret',
    hint: /pass|pw|psk|Pass|Pwd/,
    pattern: new RegExp(
      `((?<![A-Za-z0-9-])(?:\\w{1,40}[._])?(?:pass|Pass|pw|pwd|Pwd|psk)(?:\\s{0,2}=>?\\s{0,2}|\\\\{0,3}["']\\s{0,2}(?:=>|:)\\s{0,2}(?=\\\\{0,3}["'])))${SHORT}`,
      'g'
    ),
    show: shortNameSecret
  },
  named(`\\\\{0,3}["']?\\s{0,4}(?:=>?|:)\\s{0,4}|(?=\\s)(?<=(?:^|\\s)--?[\\w.-]{1,80})\\s{1,4}`)
]
