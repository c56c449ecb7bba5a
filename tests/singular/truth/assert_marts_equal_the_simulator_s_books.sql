-- The marts agree with the simulator's own books in every cell, to the company, the session and the cent. A returned
-- row is a month and size in which they do not, or that only one of them has.
{{ config(enabled=var('simulated')) }}

with

books as (

    select * from {{ source('truth', 'monthly_kpis') }}

),

marts as (

    select *
    from {{ ref('rpt_monthly_kpis') }}
    where company_size <> 'all'

),

different as (

    select
        coalesce(books.period, marts.period) as period,
        coalesce(books.company_size, marts.company_size) as company_size,
        books.active_companies as active_companies_in_books,
        marts.active_companies as active_companies_in_marts,
        books.sessions as sessions_in_books,
        marts.sessions as sessions_in_marts,
        books.revenue as revenue_in_books,
        marts.revenue as revenue_in_marts
    from books
    full outer join marts on books.period = marts.period and books.company_size = marts.company_size
    where
        books.acquired_companies is distinct from marts.acquired_companies
        or books.opening_companies is distinct from marts.opening_companies
        or books.churned_companies is distinct from marts.churned_companies
        or books.active_companies is distinct from marts.active_companies
        or books.sessions is distinct from marts.sessions
        or books.monthly_price is distinct from marts.monthly_price
        or books.revenue is distinct from marts.revenue
        or books.newly_acquired_companies is distinct from marts.newly_acquired_companies
        or books.kept_companies is distinct from marts.kept_companies
        or books.returned_companies is distinct from marts.returned_companies
        or books.moved_in_companies is distinct from marts.moved_in_companies
        or books.moved_out_companies is distinct from marts.moved_out_companies
        or books.active_of_acquired_companies is distinct from marts.active_of_acquired_companies

)

select * from different
