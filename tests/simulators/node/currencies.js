// Exchange rates and currencies of a company with several, with node-quickbooks. The argument adds {day}.
'use strict';

const { given, newQuickBooks, run, tell } = require('./clients');

run(async () => {
  const { call } = await newQuickBooks();
  const euro = { sourcecurrencycode: 'EUR', asofdate: given.day };
  const before = (await call('getExchangeRate', euro)).ExchangeRate;
  const changed = { SourceCurrencyCode: 'EUR', AsOfDate: given.day, Rate: 1.25, SyncToken: before.SyncToken };
  tell('updated', await call('updateExchangeRate', changed));
  tell('rate', (await call('getExchangeRate', euro)).ExchangeRate.Rate);
  const listed = await call('findExchangeRates', { SourceCurrencyCode: 'EUR', AsOfDate: given.day });
  tell('listed', listed.QueryResponse.ExchangeRate.map((one) => one.Rate));
  const currency = (await call('findCompanyCurrencies', { Code: 'EUR' })).QueryResponse.CompanyCurrency[0];
  tell('currency', (await call('getCompanyCurrency', currency.Id)).Code);
});
