// validate.mjs DOCUMENT: whether two public validators take it for OpenAPI 3.1, and refuse it with a mistake in it.
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import SwaggerParser from '@apidevtools/swagger-parser';

const read = () => JSON.parse(readFileSync(process.argv[2], 'utf8'));

async function seriousme(document) {
    const validator = new Validator();
    const result = await validator.validate(document);
    return result.valid ? `valid ${validator.version}` : JSON.stringify(result.errors, null, 1);
}

async function apidevtools(document) {
    try {
        await SwaggerParser.validate(document);
        return `valid ${document.openapi.slice(0, 3)}`;
    } catch (error) {
        return String(error);
    }
}

const mistakes = {
    'a response without a description': document => { delete document.paths['/v1/version'].get.responses['200'].description; },
    'a parameter without a place': document => { delete document.paths['/v1/services/{name}'].get.parameters[0].in; },
    'no title': document => { delete document.info.title; },
};

for (const [name, validate] of Object.entries({ seriousme, apidevtools })) {
    assert.equal(await validate(read()), 'valid 3.1', name);
    for (const [what, make] of Object.entries(mistakes)) {
        const document = read();
        make(document);
        assert.notEqual(await validate(document), 'valid 3.1', `${name} takes a document with ${what}`);
    }
}
console.log('validate: 2 validators');
