/** Where the secret begins in an argument such as `user:password`; `all`: the whole argument. */
export type Style = 'all' | ':' | '%' | ',' | '='

/** How a program takes secrets on its command line. */
export interface Program {
  /** Options whose value is, or holds, a secret: as the next argument, after `=`, and attached to a short option. */
  readonly options?: Readonly<Record<string, Style>>
  /** Short options whose value is only ever attached: `-pSECRET`. */
  readonly attached?: readonly string[]
  /** The options hold secrets only after this word, such as `docker login`. */
  readonly after?: RegExp
  /** Words after which a secret is the next argument, or the one after as many. */
  readonly words?: readonly (readonly [word: RegExp, ahead: number, style?: Style])[]
  /** How many arguments after the program's own name the secret is. */
  readonly first?: number
  /** The argument after a share, `//server/share` or `\\server\share`; `options`: options may be between. */
  readonly share?: 'next' | 'options'
  /** `user/password@database` as an argument. */
  readonly slash?: true
  /** `domain/user:password@host` as an argument. */
  readonly target?: true
  /** After this word the last argument is the secret. */
  readonly lastAfter?: RegExp
}

const credentials: Program = {
  options: {
    '-u': ':',
    '--user': ':',
    '-U': ':',
    '--proxy-user': ':',
    '--pass': 'all',
    '--tlspassword': 'all',
    '--proxy-tlspassword': 'all',
    '-b': '=',
    '--cookie': '=',
    '-E': ':',
    '--cert': ':'
  }
}
const userOption: Program = { options: { '-u': ':', '--user': ':', '-a': ':', '--auth': ':' } }
const smallP: Program = { options: { '-p': 'all' } }
const bigP: Program = { options: { '-P': 'all' } }
const login: Program = { options: { '-p': 'all' }, after: /^login$/ }
const mysql: Program = { attached: ['-p'] }
const redis: Program = { options: { '-a': 'all' }, words: [[/^(?:auth|requirepass|masterauth)$/i, 1]] }
const ldap: Program = { options: { '-w': 'all' } }
const samba: Program = { options: { '-U': '%', '--user': '%' }, words: [[/^user$/, 2]] }
const snmp: Program = { options: { '-c': 'all', '-A': 'all', '-X': 'all' } }
const archive: Program = { attached: ['-p', '-hp'] }
const oracle: Program = { slash: true }
const packages: Program = { words: [[/(?:^|:)_(?:authToken|password|auth)$|AuthToken$/i, 1]] }
const tokenOption: Program = { options: { '-t': 'all', '-r': 'all' } }
const impacket: Program = { target: true, options: { '-hashes': 'all' } }

const TABLE: readonly (readonly [names: string, program: Program])[] = [
  ['curl', credentials],
  ['etcdctl ctr http https xh httpie elasticdump', userOption],
  ['mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlsh mysqlbinlog mycli', mysql],
  ['mariadb mariadb-dump mariadb-admin mariadb-import mariadb-check xtrabackup mariabackup', mysql],
  ['redis-cli redis-benchmark valkey-cli keydb-cli', redis],
  ['mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop mongofiles', smallP],
  ['sshpass cqlsh twine cypher-shell ncftp ncftpput ncftpget', smallP],
  ['rdesktop useradd usermod certutil openfortivpn forticlient rabbitmqadmin smbmap hydra medusa', smallP],
  ['bloodhound-python enum4linux ldapdomaindump patator xmrig elasticsearch-users', smallP],
  ['evil-winrm crackmapexec netexec nxc', { options: { '-p': 'all', '-H': 'all' } }],
  ['psexec psexec64 paexec', { ...smallP, target: true }],
  ['winrs', { attached: ['-p:', '-password:'] }],
  ['docker podman nerdctl buildah skopeo helm oc az crane cf oras', login],
  ['sqlcmd osql bcp tsql isql zip unzip ipmitool mosquitto_pub mosquitto_sub knife', bigP],
  ['ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldapcompare ldapmodrdn kadmin kadmin.local', ldap],
  ['ldappasswd', { options: { '-w': 'all', '-s': 'all', '-a': 'all' } }],
  ['smbclient', { ...samba, share: 'next', target: true }],
  ['rpcclient smbget winexe smbcacls wmic', samba],
  ['net net1', { ...samba, share: 'options' }],
  ['snmpwalk snmpget snmpset snmpgetnext snmpbulkwalk snmpbulkget snmptrap snmptable', snmp],
  ['7z 7za 7zr 7zz rar unrar', archive],
  ['sqlplus rman expdp impdp sqlldr', oracle],
  ['npm yarn pnpm', packages],
  ['secretsdump wmiexec smbexec atexec dcomexec mssqlclient lookupsid samrdump rpcdump gettgt', impacket],
  ['getst getuserspns getnpusers getadusers addcomputer ntlmrelayx', impacket],
  ['influx k3s rke2 frpc frps doctl gitlab-runner', tokenOption],
  ['lftp open', { options: { '-u': ',', '--user': ',' } }],
  [
    'openssl',
    { options: { '-k': 'all', '-K': 'all', '-hmac': 'all', '-macopt': ':' }, lastAfter: /^passwd$/ }
  ],
  ['ssh-keygen', { options: { '-N': 'all', '-P': 'all' } }],
  ['rabbitmqctl', { words: [[/^(?:add_user|change_password|authenticate_user)$/, 2]] }],
  ['vault', { options: { '-id': 'all' }, words: [[/^(?:login|unseal)$/, 1]] }],
  ['gcloud', { words: [[/^activate-refresh-token$/, 2]] }],
  ['db2', { words: [[/^using$/i, 1]] }],
  ['wpa_cli', { words: [[/^(?:psk|password|wep_key\d)$/, 1]] }],
  ['setx', { words: [[/pass|secret|token|pwd|_key$/i, 1]] }],
  ['bitsadmin', { words: [[/^\/setcredentials$/i, 5]] }],
  ['consul serf nomad', { options: { '-encrypt': 'all' } }],
  ['wpa_passphrase', { first: 2 }],
  ['nmcli', { words: [[/^(?:password|psk|.{1,40}\.(?:psk|password|wep-key\d))$/, 1]] }],
  ['iwconfig', { words: [[/^(?:key|enc)$/, 1]] }],
  [
    'aws',
    {
      words: [[/^aws_(?:secret_access_key|session_token)$/, 1]],
      options: { '--value': 'all', '--secret-string': 'all' },
      after: /^(?:put-parameter|create-secret|put-secret-value|update-secret)$/
    }
  ],
  ['ansible-vault', { words: [[/^encrypt_string$/, 1]] }],
  ['ngrok', { words: [[/authtoken$/, 1]] }],
  ['cloudflared', { words: [[/^install$/, 1]] }],
  ['cargo', { words: [[/^login$/, 1]] }],
  ['gem', { options: { '--key': 'all', '-k': 'all' }, after: /^push$/ }],
  ['dotnet nuget', { options: { '-k': 'all' }, words: [[/^(?:set|setapikey)$/i, 2]], after: /^push$/ }],
  [
    'poetry',
    {
      ...smallP,
      words: [
        [/^http-basic\./, 2],
        [/^pypi-token\./, 1]
      ]
    }
  ],
  ['rclone', { words: [[/^(?:pass|pass2|password|obscure)$/, 1]] }],
  ['mc', { words: [[/^(?:set|add)$/, 4]] }],
  ['swaks', { options: { '-ap': 'all' } }],
  ['sendemail', { options: { '-xp': 'all' } }],
  ['signtool', { options: { '/p': 'all' } }],
  ['schtasks', { options: { '/rp': 'all', '/p': 'all' } }],
  ['reg', { options: { '/d': 'all' }, after: /passw|secret|token|key$/i }],
  ['zkcli zkcli.sh', { words: [[/^digest$/, 1, ':']] }],
  ['grafana-cli neo4j-admin', { words: [[/^(?:reset-admin|set-initial)-password$/, 1]] }],
  ['htpasswd mosquitto_passwd', { lastAfter: /^-\w*b/ }]
]

/** Programs that take secrets on their command line, by their documentation. */
export const PROGRAMS: ReadonlyMap<string, Program> = new Map(
  TABLE.flatMap(([names, program]) => names.split(' ').map((name): [string, Program] => [name, program]))
)

/** They read a secret from what is piped into them, or from a here-string. */
export const READERS =
  /^(?:sudo|su|kinit|passwd|chpasswd|cryptsetup|sshpass|docker|podman|helm|gpg|gpg2|openssl|smbpasswd|openconnect|gh|glab|vault|keyctl|pass)$/
export const PRINTERS = /^(?:echo|printf)$/
