{#
    A rate or an average: null where the denominator is 0, never an integer division.
    Eight digits, because engines round the last one differently and promise only six.
#}
{% macro ratio(numerator, denominator) -%}
    cast(
        cast({{ numerator }} as numeric(18, 6)) / nullif(cast({{ denominator }} as numeric(18, 6)), 0)
        as numeric(18, 8)
    )
{%- endmacro %}
