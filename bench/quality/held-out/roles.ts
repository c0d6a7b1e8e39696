import { type Service, service } from '../fleet/service.ts'

/** Roles of which no development family has one. */
export const HELD_OUT_ROLES: Readonly<Record<string, readonly Service[]>> = {
  search: [service('opensearch', 'release', [9200, 9300], 'opensearch', [9300], 13)],
  ledger: [
    service('kafka', 'release', [9092, 9093], 'kafka', [2181, 9092], 10),
    service('zookeeper', 'package', [2181, 2888], 'zookeeper', [2888], 4)
  ],
  mail: [
    service('postfix', 'package', [25, 587], 'postfix', [25], 8),
    service('dovecot', 'package', [143, 993], 'dovecot', [], 9)
  ],
  build: [
    service('gitlab-runner', 'release', [], 'runner', [443], 17),
    service('registry', 'package', [5000], 'registry', [443], 4)
  ]
}
