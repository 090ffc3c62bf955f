import type { S3Endpoint } from '../services/s3.ts'

/** `firn.yaml` of the demo: two topics into two tables that Firn creates. */
export function shopConfig(at: {
  readonly bootstrap: string
  readonly catalogUri: string
  readonly s3: S3Endpoint | undefined
}): string {
  return `writer: demo
kafka:
  brokers: [${at.bootstrap}]
  session_timeout_ms: 6000
  heartbeat_interval_ms: 1000
catalog:
  uri: ${at.catalogUri}
${storageText(at.s3)}flush: {interval_ms: 2000, idle_ms: 1000}
commit: {exhausted_retry_ms: 2000}
http: {port: 0}
tables:
  - table: shop.orders
    topics: orders
    columns:
      - {name: order_id, type: long, required: true}
      - {name: customer, type: 'struct<id: long not null, city: string>'}
      - {name: lines, type: 'list<struct<sku: string not null, quantity: int, price: decimal(10, 2)>>'}
      - {name: total, type: 'decimal(12, 2)'}
      - {name: coupon, type: string}
      - {name: at, type: timestamptz, required: true}
    create:
      partition_by: ['bucket(4, customer.id)']
      sort_by: [at]
  - table: shop.page_views
    topics: page_views
    columns:
      - {name: view_id, type: long, required: true}
      - {name: visitor, type: long}
      - {name: url, type: string, required: true}
      - {name: agent, type: string}
      - {name: millis, type: int}
      - {name: at, type: timestamptz, required: true}
    create:
      partition_by: [day(at)]
`
}

function storageText(s3: S3Endpoint | undefined): string {
  if (s3 === undefined) return ''
  return `storage:
  s3:
    endpoint: ${s3.endpoint}
    region: ${s3.region}
    path_style: true
    access_key_id: ${s3.accessKeyId}
    secret_access_key: ${s3.secretAccessKey}
`
}
