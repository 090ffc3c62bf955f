// JSON.parse's source text access and JSON.rawJSON (ES2026) are in Node 24, and not yet in TypeScript's library.
interface JSON {
  parse(
    text: string,
    reviver: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
  rawJSON(text: string): { readonly rawJSON: string }
}
