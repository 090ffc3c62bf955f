import type { FaultyProxy, ProxyFault, ProxiedRequest } from '../../rig/http-proxy.ts'

/** The first `count` requests that match meet the fault. */
export function faultNext(
  proxy: FaultyProxy,
  fault: ProxyFault,
  { count, matches }: { count: number; matches: (asked: ProxiedRequest) => boolean },
): void {
  let left = count
  proxy.fault = (asked) => {
    if (left === 0 || !matches(asked)) return undefined
    left -= 1
    return fault
  }
}
