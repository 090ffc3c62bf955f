/** Flags of a Java server that shall start fast and stay small: two of a test's needs, not of production. */
export const QUICK_JVM = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Djava.awt.headless=true',
] as const
