// Node's own http module, and no framework: what a framework on it could reach.
'use strict'

const http = require('node:http')

function see (request, state) {
  state.seen = request.method
}

function tell (response, state) {
  response.setHeader('x-seen', state.seen)
}

function valid (user) {
  return typeof user === 'object' && user !== null &&
    typeof user.name === 'string' && user.name.length >= 1 &&
    typeof user.email === 'string' &&
    Number.isInteger(user.age) && user.age >= 0
}

function answer (response, state, status, type, body) {
  tell(response, state)
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function createUser (request, response, state) {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (part) => { body += part })
  request.on('end', () => {
    let user
    try {
      user = JSON.parse(body)
    } catch {
      user = null
    }
    if (valid(user)) {
      answer(response, state, 201, 'application/json', JSON.stringify(user))
    } else {
      answer(response, state, 422, 'text/plain', 'not a user')
    }
  })
}

const server = http.createServer((request, response) => {
  const state = {}
  see(request, state)
  const { method, url } = request
  const one = /^\/users\/(\d+)$/.exec(url)
  if (method === 'GET' && url === '/health') {
    answer(response, state, 200, 'text/plain', 'ok')
  } else if (method === 'GET' && one !== null) {
    const id = Number(one[1])
    answer(response, state, 200, 'application/json', JSON.stringify({ id, name: `user ${id}` }))
  } else if (method === 'POST' && url === '/users') {
    createUser(request, response, state)
  } else {
    answer(response, state, 404, 'text/plain', 'not found')
  }
})

server.listen(Number(process.argv[2]), '127.0.0.1')
