declare const brand: unique symbol

/** A `Base` that only its own constructor function makes, so that two ids of different kinds never mix. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }
