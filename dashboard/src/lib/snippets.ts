/// Requests to the API as commands and programs that can be pasted and run.

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /// From the first slash on: `/api/events`.
  path: string;
  /// JSON text.
  body?: string;
}

export const kKeyPlaceholder = '$EVENTRELAY_KEY';

/// For POSIX shells.
export function shellQuote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/// The address under which this page reaches the API.
export function apiBase(): string {
  return typeof location === 'undefined' ? 'http://127.0.0.1:8080' : location.origin;
}

/// Without a key: the variable EVENTRELAY_KEY is used.
export function curl(request: ApiRequest, base = apiBase()): string {
  const parts = [`curl -sS ${request.method === 'GET' || (request.method === 'POST' && request.body !== undefined) ? '' : `-X ${request.method} `}${shellQuote(base + request.path)}`];
  parts.push(`-H "x-api-key: ${kKeyPlaceholder}"`);
  if (request.body !== undefined) {
    parts.push(`-H 'content-type: application/json'`, `-d ${shellQuote(request.body)}`);
  }
  return parts.join(' \\\n  ');
}

export type Language = 'curl' | 'JavaScript' | 'Python' | 'Go';
export const kLanguages: readonly Language[] = ['curl', 'JavaScript', 'Python', 'Go'];

/// One POST with a JSON body in each language, with nothing but its standard library.
export function postSnippets(path: string, body: string, base = apiBase()): Record<Language, string> {
  const url = base + path;
  return {
    curl: curl({ method: 'POST', path, body }, base),
    JavaScript: `// node --input-type=module, Node 18 or newer
const answer = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: {
    'x-api-key': process.env.EVENTRELAY_KEY,
    'content-type': 'application/json',
  },
  body: JSON.stringify(${body.split('\n').join('\n  ')}),
});
console.log(answer.status, await answer.json());`,
    Python: `import os, urllib.request

request = urllib.request.Request(
    ${JSON.stringify(url)},
    data='''${body.replaceAll('\\', '\\\\').replaceAll("'''", "\\'\\'\\'")}'''.encode(),
    headers={
        "x-api-key": os.environ["EVENTRELAY_KEY"],
        "content-type": "application/json",
    },
)
print(urllib.request.urlopen(request).read().decode())`,
    Go: `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	body := strings.NewReader(\`${body}\`)
	request, _ := http.NewRequest("POST", ${JSON.stringify(url)}, body)
	request.Header.Set("x-api-key", os.Getenv("EVENTRELAY_KEY"))
	request.Header.Set("content-type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.Status, string(text))
}`,
  };
}
