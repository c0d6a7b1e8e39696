import { expect, test } from '@jest/globals'
import { redactSentence, redactText } from '../../src/text/secrets.ts'
import { cpuMilliseconds } from '../support/cpu-time.ts'

// The secret in each command; made of parts, so that no scanner takes this file for a leak.
const PW = ['S3cr3t', 'Pw9'].join('')
const HASH = ['$6$abcdefgh$', 'Zx9'.repeat(20)].join('')

test.each(
  `
curl -u admin:${PW} https://x
curl --user admin:${PW} https://x
curl --user=admin:${PW} https://x
curl -uadmin:${PW} https://x
curl -su admin:${PW} https://x
curl -u "admin:${PW}" https://x
curl -x proxy:3128 -U admin:${PW} https://x
curl --proxy-user admin:${PW} https://x
curl -k --pass ${PW} --cert c.pem https://x
curl -H "X-Api-Key: ${PW}" https://x
curl -H "X-Auth-Token: ${PW}" https://x
curl -H 'PRIVATE-TOKEN: ${PW}' https://x
curl -H "Cookie: session=${PW}" https://x
curl -H "Authorization: Basic ${PW}" https://x
curl -d 'user=a&password=${PW}' https://x
curl -d '{"user":"a","pass":"${PW}"}' https://x
curl "https://x/?a=1&sig=${PW}"
curl "https://x/?access_token=${PW}"
curl ftp://admin:${PW}@files/x
wget --user=a --password=${PW} https://x
wget --http-password ${PW} https://x
mysql -u root -p${PW} shop
mysql -uroot --password=${PW}
mysqldump --password ${PW} shop
mariadb-dump -p${PW} shop
sh -c "mysqladmin -u root -p${PW} status"
MYSQL_PWD=${PW} mysql shop
PGPASSWORD=${PW} psql shop
psql "host=db user=a password=${PW}"
psql postgresql://a:${PW}@db/shop
DB_PASS=${PW} node server.js
DBPASS='${PW}' node server.js
SMTP_PW=${PW} app
REDISCLI_AUTH=${PW} redis-cli
SSHPASS=${PW} sshpass -e ssh x
JWT_SECRET=${PW} app
RAILS_MASTER_KEY=${PW} app
APP_KEY=base64:${PW} php artisan
redis-cli -a ${PW} ping
redis-cli -h db -a ${PW} ping
redis-cli --pass ${PW} ping
redis-server --requirepass ${PW}
redis-server --masterauth ${PW}
mongo -u admin -p ${PW} --authenticationDatabase admin
mongodump --password=${PW}
openssl enc -aes-256-cbc -pass pass:${PW} -in x
openssl rsa -passin pass:${PW} -in x
openssl enc -aes-256-cbc -k ${PW} -in x
sshpass -p ${PW} ssh root@db
sshpass -p${PW} ssh root@db
ldapsearch -x -D cn=admin -w ${PW} -b dc=x
ldappasswd -s ${PW} cn=a
smbclient -U admin%${PW} //fs/share
rpcclient --user=admin%${PW} fs
mount -t cifs -o username=a,password=${PW} //fs/x /mnt
mount -t cifs //fs/x /mnt -o user=a,pass=${PW}
docker login -u a -p ${PW} registry
docker login --username a --password ${PW}
helm registry login r -u a -p ${PW}
oc login --token=${PW}
kubectl --token ${PW} get pods
kubectl create secret generic x --from-literal=password=${PW}
helm upgrade x y --set db.password=${PW}
terraform apply -var db_password=${PW}
sqlcmd -S db -U sa -P ${PW}
sqlplus system/${PW}@orcl
expdp scott/${PW} tables=x
rabbitmqctl add_user a ${PW}
rabbitmqctl change_password a ${PW}
htpasswd -b /etc/users a ${PW}
htpasswd -nb a ${PW}
zip -P ${PW} x.zip y
unzip -P ${PW} x.zip
7z a -p${PW} x.7z y
rar a -hp${PW} x.rar y
gpg --batch --passphrase ${PW} -d x
keytool -storepass ${PW} -list
keytool -keypass ${PW} -list
java -Djavax.net.ssl.keyStorePassword=${PW} -jar x.jar
java -Ddb.pass=${PW} -jar x.jar
aws configure set aws_secret_access_key ${PW}
echo root:${PW} | chpasswd
echo ${PW} | sudo -S id
echo '${PW}' | docker login --password-stdin
useradd -p '${HASH}' a
ansible-playbook -e ansible_ssh_pass=${PW} x.yml
ansible-playbook -e "ansible_become_password=${PW}" x.yml
lftp -u a,${PW} sftp://x
snmpwalk -v2c -c ${PW} host
snmpget -v3 -u a -A ${PW} host
ipmitool -H bmc -U a -P ${PW} power status
xfreerdp /u:a /p:${PW} /v:host
wpa_passphrase home ${PW}
nmcli dev wifi connect home password ${PW}
net user a ${PW} /add
vault login ${PW}
etcdctl --user root:${PW} get x
npm config set //r.example/:_authToken ${PW}
influx -username a -password ${PW}
RESTIC_PASSWORD=${PW} restic backup /
BORG_PASSPHRASE='${PW}' borg create x
CREATE USER a IDENTIFIED BY '${PW}'
ALTER ROLE a WITH PASSWORD '${PW}'
<user><password>${PW}</password></user>
`
    .trim()
    .split('\n')
)('hides the secret of: %s', command => {
  const { text, count } = redactText(command)
  expect(text).not.toContain(PW)
  expect(text).not.toContain('Zx9')
  expect(count).toBeGreaterThan(0)
  expect(redactText(text)).toEqual({ text, count: 0 })
})

test.each([
  'docker run -p 8080:80 nginx',
  'ssh -p 2222 admin@host',
  'tar -pxzf /srv/backup.tgz',
  'mysql -P 3307 -h db shop',
  'ldapsearch -x -s base -b dc=x',
  'SSH_ASKPASS=/usr/bin/ksshaskpass ssh x',
  'PWD=/srv OLDPWD=/root BYPASS=1 COMPASS=north',
  'nginx -c /etc/nginx/nginx.conf -p /srv',
  'redis-server *:6379',
  'curl -u admin https://x',
  'curl -sS https://x/install.sh',
  'echo hello | grep h',
  'mount -o rw,nosuid /dev/sda1 /mnt',
  'unzip -p x.zip file',
  'openssl rsa -passin file:/etc/ssl/pass -in x'
])('leaves alone: %s', command => {
  expect(redactText(command)).toEqual({ text: command, count: 0 })
})

test.each([
  'get no OIDC token: token service was asked; give the job the permission "id-token: write".',
  'STS: InvalidIdentityTokenException: No OpenIDConnect provider for token.actions.githubusercontent.com:aud',
  'the token: it is expired. password: no. api key: none is set',
  'The session credentials: assumed-role/fleet-drift.'
])('our own words are never redacted: %s', sentence => {
  expect(redactSentence(sentence)).toEqual({ text: sentence, count: 0 })
})

test('what a sentence quotes is redacted where it has the form of a secret', () => {
  const key = ['AKIA', 'IOSFODNN7EXAMPLE'].join('')
  expect(redactSentence(`osquery said: ${key} and https://a:${PW}@h and --password=${PW}`).text).toBe(
    'osquery said: [redacted: AWS access key] and https://a:[redacted: password]@h and --password=[redacted: secret]'
  )
})

test('a hostile text costs no more than its length', () => {
  const pieces = [
    '-eyJaaaaaaaa',
    'curl -u ',
    '--secret',
    'sshpass -p ',
    `sh -c "`,
    "'",
    'mysql -p',
    'echo a | sudo ',
    'A_PASS',
    '<pass',
    '&pass=',
    'pass: ',
    '--pass ',
    'user/a/',
    '$6$',
    ':AA0',
    'cookie:',
    '_'
  ]
  const time = (text: string) =>
    cpuMilliseconds(() => {
      for (let round = 0; round < 5; round++) redactText(text)
    })
  time('warm up')
  for (const piece of pieces) {
    const long = piece.repeat(Math.ceil(12_288 / piece.length))
    expect([piece, time(long) < 500]).toEqual([piece, true])
  }
})
