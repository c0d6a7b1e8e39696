import { type Service, service } from '../fleet/service.ts'

/** Roles that no other scenario has. */
export const HELD_OUT_ROLES: Readonly<Record<string, readonly Service[]>> = {
  search: [
    service('opensearch', 'release', 'opensearch', { ports: [9200, 9300], talksTo: [9300], packages: 13 })
  ],
  ledger: [
    service('kafka', 'release', 'kafka', { ports: [9092, 9093], talksTo: [2181, 9092], packages: 10 }),
    service('zookeeper', 'package', 'zookeeper', { ports: [2181, 2888], talksTo: [2888], packages: 4 })
  ],
  mail: [
    service('postfix', 'package', 'postfix', { ports: [25, 587], talksTo: [25], packages: 8 }),
    service('dovecot', 'package', 'dovecot', { ports: [143, 993], talksTo: [], packages: 9 })
  ],
  build: [
    service('gitlab-runner', 'release', 'runner', { ports: [], talksTo: [443], packages: 17 }),
    service('registry', 'package', 'registry', { ports: [5000], talksTo: [443], packages: 4 })
  ]
}
