// build.mjs writes this module: every file of panels/, by its name.
declare module "drawings" {
  const drawings: Record<string, import("./types.js").Drawing>;
  export default drawings;
}
