// Reads the type declarations of OpenAI's Node SDK and writes the facts that the tests need as JSON:
// which bodies there are, their field names and types.
//   npm install --no-save openai@7.57.0 typescript@5 && node describe_types.mjs [FOLDER] > openai-types.json
// FOLDER holds node_modules (default: where it is started). The result is committed, so that the
// tests need neither npm nor a network; run this again when the SDK has changed.
//
// A type is: "string", "number", "boolean", "null", "any", "'literal'", "#Name" (of `types`),
// {"any_of": [types]}, {"list": type}, or {"fields": {"name": type, "optional?": type}, "rest": type}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2] ?? '.');
const ts = createRequire(join(folder, 'x.js'))('typescript');
const sdk = join(folder, 'node_modules/openai');
const resources = join(sdk, 'resources');

/// Bodies by the name under which tests ask for them: file and declared type.
const roots = {
  'realtime server event': ['realtime/realtime', 'RealtimeServerEvent'],
  'client secret': ['realtime/client-secrets', 'ClientSecretCreateResponse'],
  'live server event': ['live/sideband/sideband', 'ConnectServerEvent'],
  'webhook realtime.call.incoming': ['webhooks/webhooks', 'RealtimeCallIncomingWebhookEvent'],
  'webhook live.transport.incoming': ['webhooks/webhooks', 'LiveTransportIncomingWebhookEvent'],
  'webhook live.call.incoming': ['webhooks/webhooks', 'LiveCallIncomingWebhookEvent'],
  'webhook endpoint': ['webhooks/webhooks', 'WebhookEndpoint'],
  'webhook endpoint with secret': ['webhooks/webhooks', 'WebhookEndpointWithSecret'],
  'webhook endpoint list': ['webhooks/webhooks', 'WebhookEndpointList'],
  'webhook endpoint deleted': ['webhooks/webhooks', 'DeletedWebhookEndpoint'],
  'webhook endpoint tested': ['webhooks/webhooks', 'WebhookEndpointTestResult'],
  'webhook event types': ['webhooks/webhooks', 'WebhookEventTypeList'],
};
const ours = ['realtime', 'live', 'webhooks'].map((name) => join(resources, name));

const files = [...new Set(Object.values(roots).map(([file]) => join(resources, `${file}.d.ts`)))];
const program = ts.createProgram(files, {
  strict: true, exactOptionalPropertyTypes: true, noLib: false, skipLibCheck: true,
  module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10,
  target: ts.ScriptTarget.ES2022, types: [],
});
const checker = program.getTypeChecker();
const types = {};
const names = new Map();

function declaredIn(symbol) {
  return symbol?.declarations?.[0]?.getSourceFile().fileName ?? '';
}

function qualified(symbol) {
  const parts = [];
  for (let at = symbol; at && !(at.flags & ts.SymbolFlags.ValueModule); at = at.parent) {
    if (at.name.startsWith('"')) break;
    parts.unshift(at.name);
  }
  const area = ours.findIndex((one) => declaredIn(symbol).startsWith(one));
  return `${['Realtime', 'Live', 'Webhooks'][area]}.${parts.join('.')}`;
}

function union(members) {
  const described = [...new Map(members.map((m) => [JSON.stringify(m), m])).values()];
  if (described.includes('any')) return 'any';
  // A list of known values that is open to others says no more than "string".
  const open = described.includes('string');
  const kept = described.filter((m) => !(open && typeof m === 'string' && m.startsWith("'")));
  return kept.length === 1 ? kept[0] : { any_of: kept };
}

function fieldsOf(type) {
  const fields = {};
  for (const property of checker.getPropertiesOfType(type)) {
    const optional = property.flags & ts.SymbolFlags.Optional;
    const at = property.valueDeclaration ?? property.declarations[0];
    fields[property.name + (optional ? '?' : '')] = describe(checker.getTypeOfSymbolAtLocation(property, at));
  }
  const described = { fields };
  const index = checker.getIndexInfoOfType(type, ts.IndexKind.String);
  if (index) described.rest = describe(index.type);
  return described;
}

function describeObject(type) {
  if (checker.isArrayType(type)) return { list: describe(checker.getTypeArguments(type)[0]) };
  const { symbol } = type;
  const file = declaredIn(symbol);
  const named = symbol && symbol.name !== '__type' && ours.some((one) => file.startsWith(one));
  if (!named) {
    // Types of other parts of the API (Responses, say) are looked at by nobody here.
    return file.startsWith(sdk) && symbol.name !== '__type' ? 'any' : fieldsOf(type);
  }
  if (!names.has(symbol)) {
    const name = qualified(symbol);
    names.set(symbol, name);
    types[name] = null; // its place, while it may refer to itself
    types[name] = fieldsOf(type);
  }
  return `#${names.get(symbol)}`;
}

function describe(type) {
  const { flags } = type;
  if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return 'any';
  if (flags & ts.TypeFlags.StringLiteral) return `'${type.value}'`;
  if (flags & ts.TypeFlags.NumberLiteral) return 'number';
  if (flags & ts.TypeFlags.String) return 'string';
  if (flags & ts.TypeFlags.Number) return 'number';
  if (flags & ts.TypeFlags.BooleanLike) return 'boolean';
  if (flags & ts.TypeFlags.Null) return 'null';
  if (type.isUnion()) {
    return union(type.types.filter((t) => !(t.flags & ts.TypeFlags.Undefined)).map(describe));
  }
  if (type.isIntersection()) {
    return type.types.some((t) => t.flags & ts.TypeFlags.String) ? 'string' : fieldsOf(type);
  }
  return flags & ts.TypeFlags.Object ? describeObject(type) : 'any';
}

const bodies = {};
for (const [name, [file, declared]] of Object.entries(roots)) {
  const source = program.getSourceFile(join(resources, `${file}.d.ts`));
  const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(source)).find((s) => s.name === declared);
  bodies[name] = describe(checker.getDeclaredTypeOfSymbol(symbol));
}
const { version } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'));
// One line for every type: small changes of the SDK stay small here.
const lines = (object) => Object.entries(object).map(([k, v]) => `  ${JSON.stringify(k)}: ${JSON.stringify(v)}`).join(',\n');
console.log(`{"source": "types of npm openai ${version}",\n "bodies": {\n${lines(bodies)}\n },\n "types": {\n${lines(types)}\n }}`);
