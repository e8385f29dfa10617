// Holds every answer to api/openapi.yaml: the status must be documented for the operation, the body must fit.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const description = parse(readFileSync(new URL("../../../api/openapi.yaml", import.meta.url), "utf8"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(description, "api");

const routes = Object.keys(description.paths).map((template) => ({
  template,
  literal: !template.includes("{"),
  pattern: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
}));
const methods = ["get", "post", "put", "patch", "delete"];

/// "POST /api/events" and so on, for every documented operation.
export const operations = routes.flatMap(({ template }) =>
  methods.filter((method) => description.paths[template][method]).map((method) => `${method.toUpperCase()} ${template}`));
/// Those of them that were exercised, with the statuses that were seen.
export const seen = new Map();

const pointer = (...parts) => "#" + parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/// Follows $ref chains to the object and its JSON pointer.
function resolve(node, at) {
  while (node?.$ref) {
    at = node.$ref;
    node = at.slice(2).split("/").reduce(
      (inner, part) => inner[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")], description);
  }
  return { node, at };
}

const validators = new Map();
function validatorAt(at) {
  if (!validators.has(at)) validators.set(at, ajv.compile({ $ref: `api${encodeURI(at)}` }));
  return validators.get(at);
}

function faultsOf(validate, value) {
  return validate(value) ? "" : ajv.errorsText(validate.errors.slice(0, 5), { dataVar: "body" });
}

/// Throws unless the answer is one that the description allows. Paths outside it must answer with a problem.
export function checkAnswer(method, path, answer) {
  const pathname = path.split("?")[0];
  const fits = routes.filter(({ pattern }) => pattern.test(pathname));
  const route = fits.find(({ literal }) => literal) ?? fits[0];
  const operation = route && description.paths[route.template][method.toLowerCase()];
  const where = `${method} ${path} -> ${answer.status} ${answer.text.slice(0, 400)}`;
  if (!operation) {
    assert.equal(answer.status, route ? 405 : 404, `${where}: an undocumented operation`);
    checkProblem(answer, where);
    return;
  }
  const name = `${method} ${route.template}`;
  seen.set(name, (seen.get(name) ?? new Set()).add(answer.status));

  assert.notEqual(answer.status, 500, where);
  const status = operation.responses[answer.status] ? String(answer.status) : "default";
  assert.ok(operation.responses[status], `${where}: a status that the description does not have`);
  const { node, at } = resolve(operation.responses[status],
                               pointer("paths", route.template, method.toLowerCase(), "responses", status));
  if (answer.status >= 400 || status === "default") checkProblem(answer, where);
  if (!node.content) {
    assert.equal(answer.text, "", `${where}: a body where none is described`);
    return;
  }
  const type = (answer.headers["content-type"] ?? "").split(";")[0];
  assert.ok(node.content[type], `${where}: content type ${type} is not described`);
  if (/json$/.test(type) && node.content[type].schema) {
    const validate = validatorAt(`${at}/content/${type.replaceAll("/", "~1")}/schema`);
    assert.equal(faultsOf(validate, JSON.parse(answer.text)), "", where);
  }
}

function checkProblem(answer, where) {
  assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/, where);
  const problem = JSON.parse(answer.text);
  assert.equal(problem.status, answer.status, where);
  for (const member of ["type", "title", "detail"]) assert.equal(typeof problem[member], "string", `${where}: ${member}`);
}

/// A delivered body against the description's webhooks.
export function checkDelivered(body) {
  const [name] = Object.keys(description.webhooks);
  const validate = validatorAt(`${pointer("webhooks", name, "post", "requestBody")}/content/application~1json/schema`);
  assert.equal(faultsOf(validate, body), "", JSON.stringify(body));
}
